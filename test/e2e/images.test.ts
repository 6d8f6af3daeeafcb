import { readdirSync, readFileSync } from 'node:fs';
import { describeOnOneMachine } from '../python/right-answers.ts';

const FOLDER = new URL('../fixtures/hugging-face/vit-images/', import.meta.url);
const IMAGE = readFileSync(new URL('../fixtures/images/turned.jpg', import.meta.url));

describeOnOneMachine('a folder over images with its ONNX, dropped', (slipway) => {
  it('goes live by an image of its own, and labels one that is sent as it is', async () => {
    for (const name of readdirSync(FOLDER).filter((each) => each !== 'answers.json'))
      slipway().drop(`models/vit/net/${name}`, readFileSync(new URL(name, FOLDER)));
    slipway().drop('models/vit/net/model.yaml', '');
    const { state, reason } = (await slipway().ending('vit', 1)).detail;
    const answer = await fetch(`${slipway().gateway}/models/vit/invocations`, {
      method: 'POST',
      headers: { 'content-type': 'image/jpeg' },
      body: IMAGE,
    });
    const [{ label }] = (await answer.json()) as [{ label: string }];
    const wanted = JSON.parse(readFileSync(new URL('answers.json', FOLDER), 'utf8'));

    expect({ state, reason }).toMatchObject({ state: 'Live' });
    expect(label).toBe(wanted['turned.jpg'][0].label);
  });
});
