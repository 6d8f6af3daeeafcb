import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writePredict } from '#operations/inspection/write-predict.ts';
import { describeOnOneMachine } from '../python/right-answers.ts';
import { throughGateway } from '../support/models/dropped.ts';
import { temporaryFolder } from '../support/slipway/running.ts';
import { expectLive } from './live.ts';
import { DEEP_PYTHON, python } from './python.ts';

const LONGEST_MS = 900_000;
const IMAGE = fileURLToPath(new URL('../fixtures/images/rgb.png', import.meta.url));
const LABELS = ['a cat', 'a dog', 'the sea'];

type Mask = { readonly label: string; readonly mask: string };

if (DEEP_PYTHON) describeDrafts();
else it.skip('networks that predict.py serves: .ci/deep installs what they need', () => undefined);

function describeDrafts(): void {
  describeOnOneMachine('a network that only code serves', (slipway) => {
    let folder: Awaited<ReturnType<typeof temporaryFolder>>;
    let answers: Readonly<Record<string, unknown>>;
    beforeAll(async () => {
      folder = await temporaryFolder();
      await python('./make_drafted.py', folder.path, IMAGE);
      answers = JSON.parse(readFileSync(join(folder.path, 'answers.json'), 'utf8'));
    }, LONGEST_MS);
    afterAll(() => folder[Symbol.asyncDispose]());

    const drop = (name: string) => {
      for (const file of readdirSync(join(folder.path, name))) {
        slipway().drop(`models/${name}/net/${file}`, readFileSync(join(folder.path, name, file)));
      }
      slipway().drop(`models/${name}/net/model.yaml`, '');
    };
    const heard = async (path: string) => {
      const url = `${slipway().gateway}/models/whisper/invocations`;
      const headers = { 'content-type': 'audio/wav' };
      return (await fetch(url, { method: 'POST', headers, body: readFileSync(path) })).json();
    };
    const bytesOf = (path: string) => readFileSync(path).toString('base64');
    const image = bytesOf(IMAGE);

    it.each<[string, string, RegExp, () => object]>([
      [
        'whisper',
        'WhisperForConditionalGeneration',
        /automatic-speech-recognition/,
        () => ({ audio: bytesOf(join(folder.path, 'sound.wav')) }),
      ],
      ['clip', 'CLIPModel', /zero-shot-image-classification/, () => ({ image, labels: LABELS })],
      ['segformer', 'SegformerForSemanticSegmentation', /image-segmentation/, () => ({ image })],
      ['yolos', 'YolosForObjectDetection', /object-detection/, () => ({ image })],
    ])(
      '%s, a %s, is refused by its task and its size, and answers as transformers by the predict.py that is written for it',
      async (name, architecture, task, request) => {
        const path = join(folder.path, name);
        drop(name);
        const refused = (await slipway().ending(name, 1)).detail;

        expect(refused).toMatchObject({ state: 'Rejected', reason: expect.stringMatching(task) });
        expect(refused.reason).toMatch(
          new RegExp(`${architecture}.*parameters, .*bytes of weights`),
        );
        await writePredict(path);
        drop(name);
        expectLive((await slipway().ending(name, 2)).detail);
        const { status, body } = await throughGateway(slipway(), name)('invocations', request());
        expect(status === 200 || body).toBe(true);
        const { predictions } = body as { predictions: unknown };
        if (name === 'whisper') expect(await heard(join(folder.path, 'sound.wav'))).toEqual(body);
        if (name === 'segformer') expect(masksOf(predictions)).toEqual(masksOf(answers[name]));
        else expect(predictions).toEqual(alike(answers[name]));
      },
      LONGEST_MS,
    );
  });
}

/** The segments by label: each has its own mask, a PNG in base64. */
function masksOf(found: unknown): readonly string[] {
  return (found as readonly (Mask & { pixels?: number })[]).map(({ label, mask, pixels }) => {
    const isPng = pixels !== undefined || mask.startsWith('iVBORw0KGgo');
    return `${label} ${isPng}`;
  });
}

/** The same, with scores as near as single precision is. */
function alike(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isInteger(value)) return expect.closeTo(value, 4);
  if (Array.isArray(value)) return value.map(alike);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, alike(each)]));
}
