import { tinyLlama, tinyLlamaFiles } from '../support/models/tiny-llama.ts';
import { type RunningSlipway, startSlipway } from '../support/slipway/running.ts';
import {
  docker,
  dockerFolder,
  makeWebAdapterImage,
  removeContainers,
  removeImages,
} from './docker.ts';
import { emulatedLambda } from './emulated-lambda.ts';
import { say } from './image-world.ts';

const DOCKER = { config: { engine: 'docker', gatewayPort: 0, controlPort: 0 } } as const;
const GREEDY = { prompt: 'Once upon a time', max_tokens: 8, temperature: 0 };
const STREAMED = { ...GREEDY, stream: true };

beforeAll(async () => say(`web adapter ${await makeWebAdapterImage()}`));
afterEach(removeContainers);
afterAll(removeImages);

describe('an image of a language model', () => {
  it('answers and streams what the process did that proved it, also as Lambda runs it, and so does the next version in several files', async () => {
    await using folder = await dockerFolder();
    await using slipway = await startSlipway(folder.path, DOCKER);

    slipway.drop('models/chat/tiny.gguf', tinyLlama());
    const first = await slipway.ending('chat', 1);
    const text = await completed(slipway);
    const streamed = await events(slipway);
    const onLambda = await eventsOnLambda(slipway, first.detail.deploymentId, 'tiny.gguf');
    for (const [at, bytes] of tinyLlamaFiles({ files: 3 }).entries()) {
      slipway.drop(`models/chat/next/tiny-0000${at + 1}-of-00003.gguf`, bytes);
    }
    slipway.drop('models/chat/next/model.yaml', '');
    const second = await slipway.ending('chat', 2);

    expect(first.detail).toMatchObject({ state: 'Live' });
    expect(second.detail).toMatchObject({ state: 'Live' });
    expect(text).toMatch(/^[!-~]{8}$/);
    expect(streamed.at(-1)).toBe('[DONE]');
    expect(streamed.slice(0, -1).map(textOf).join('')).toBe(text);
    expect(onLambda.at(-1)).toBe('[DONE]');
    expect(onLambda.slice(0, -1).map(textOf).join('')).toBe(text);
    expect(await completed(slipway)).toBe(text);
  });
});

type Completion = { readonly choices: readonly { readonly text: string }[] };

const textOf = (event: string) => (JSON.parse(event) as Completion).choices[0]?.text ?? '';

function post({ gateway }: RunningSlipway, body: object): Promise<Response> {
  return fetch(`${gateway}/models/chat/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

async function completed(slipway: RunningSlipway): Promise<string> {
  return textOf(await (await post(slipway, GREEDY)).text());
}

async function events(slipway: RunningSlipway): Promise<readonly string[]> {
  return eventsIn(await (await post(slipway, STREAMED)).text());
}

function eventsIn(text: string): readonly string[] {
  const all = text.split('\n\n').filter(Boolean);
  return all.map((each) => each.replace(/^data: /, ''));
}

async function eventsOnLambda(
  slipway: RunningSlipway,
  deploymentId: string,
  modelFile: string,
): Promise<readonly string[]> {
  const { work } = (await slipway.get(`/deployments/${deploymentId}`)) as {
    readonly work: { readonly image: { readonly digest: string } };
  };
  const { digest } = work.image;
  say(`${await docker('image', 'inspect', '--format', '{{.Size}}', digest)} bytes`);
  const { post: invoke } = await emulatedLambda(digest, {
    name: 'chat',
    modelFile,
    isStreaming: true,
  });
  return eventsIn((await invoke('v1/completions', STREAMED)).body);
}
