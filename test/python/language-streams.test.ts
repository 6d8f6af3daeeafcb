import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/clock/eventually.ts';
import { tinyLlama, tinyLlamaFiles } from '../support/models/tiny-llama.ts';
import type { RunningSlipway } from '../support/slipway/running.ts';
import { describeOnOneMachine } from './right-answers.ts';

const CONTEXT = 65_536;
// More than any of these tests waits for.
const ENDLESS = { prompt: 'Once', max_tokens: 60_000, ignore_eos: true, temperature: 0 };

describeOnOneMachine('a language model that answers several requests side by side', (slipway) => {
  beforeAll(async () => {
    await deployed(slipway(), 'chat', 1, 'lambda');
  });

  it('streams as many as it has slots at once, and the next one when one of them ends', async () => {
    const [one, other] = [await streamed(slipway(), 'chat'), await streamed(slipway(), 'chat')];
    await Promise.all([one.begun(), other.begun()]);
    const third = streamed(slipway(), 'chat');
    const begun = third.then((stream) => stream.begun());
    const waiting = await eventually(() =>
      metric(slipway(), 'slipway_requests_waiting', 'chat-v1'),
    );

    one.leave();
    await begun;

    expect(waiting).toBe(1);
    expect(await other.next()).toMatch(/^data: /);
    (await third).leave();
    other.leave();
    for (const stream of [one, await third, other]) await told(slipway(), stream);
  });

  it('stops generating when its client has left, and tells what it had generated', async () => {
    const before = await metric(slipway(), 'slipway_generation_tokens_total', 'chat-v1');
    const stream = await streamed(slipway(), 'chat');
    await stream.begun();

    stream.leave();
    await told(slipway(), stream);
    const after = await metric(slipway(), 'slipway_generation_tokens_total', 'chat-v1');

    expect(after).toBeGreaterThan(before);
    expect(after - before).toBeLessThan(ENDLESS.max_tokens / 2);
  });

  it('tells of each answer its tokens, the time to the first one, and the pace of the others', async () => {
    const count = (name: string) => metric(slipway(), name, 'chat-v1');
    const asked = { ...ENDLESS, prompt: 'Once upon a time', max_tokens: 20 };
    const [tokensIn, answers] = [
      await count('slipway_prompt_tokens_total'),
      await count('slipway_time_to_first_token_seconds_count'),
    ];

    const response = await post(slipway(), 'chat', asked);
    const { usage } = (await response.json()) as { usage: { prompt_tokens: number } };

    await eventually(async () => (await count('slipway_prompt_tokens_total')) > tokensIn);
    expect(await count('slipway_prompt_tokens_total')).toBe(tokensIn + usage.prompt_tokens);
    expect(await count('slipway_time_to_first_token_seconds_count')).toBe(answers + 1);
    expect(await count('slipway_generation_tokens_per_second_sum')).toBeGreaterThan(0);
  });

  it('answers as one model what is in several files, the same as in one', async () => {
    const asked = { ...ENDLESS, max_tokens: 40 };
    for (const [at, bytes] of tinyLlamaFiles({ files: 3, contextTokens: CONTEXT }).entries()) {
      slipway().drop(`models/parts/tiny/tiny-0000${at + 1}-of-00003.gguf`, bytes);
    }
    slipway().drop('models/parts/tiny/model.yaml', 'runtime: { contextTokens: 4096 }');

    const { detail } = await slipway().ending('parts', 1);
    const answer = await textOf(await post(slipway(), 'parts', asked));

    expect(detail).toMatchObject({ state: 'Live' });
    expect(answer).toBe(await textOf(await post(slipway(), 'chat', asked)));
  });

  it('goes on with a stream by the version that began it, when the next one has become live', async () => {
    await deployed(slipway(), 'talk', 1, 'fargate');
    const stream = await streamed(slipway(), 'talk');
    const greedy = { ...ENDLESS, max_tokens: 40 };
    const before = await textOf(await post(slipway(), 'talk', greedy));
    await stream.next();

    await deployed(slipway(), 'talk', 2, 'fargate');
    const after = await post(slipway(), 'talk', greedy);
    const seen = stream.seen();
    await eventually(async () => {
      await stream.next();
      return stream.seen().length > seen.length + 100;
    });
    stream.leave();

    expect([stream.revision, after.headers.get('x-slipway-revision')]).toEqual([
      'talk-v1',
      'talk-v2',
    ]);
    expect(await textOf(after)).not.toBe(before);
    expect(stream.seen().startsWith(before)).toBe(true);
  });
});

async function deployed(
  slipway: RunningSlipway,
  model: string,
  version: number,
  target: 'lambda' | 'fargate',
): Promise<void> {
  const key = `models/${model}/v${version}.gguf`;
  const slots = `runtime: { contextTokens: ${CONTEXT}, requestsAtOnce: 2 }`;
  slipway.drop(`${key}.yaml`, `${slots}\nplacement: { target: ${target} }\n`);
  slipway.drop(key, tinyLlama({ seed: version, contextTokens: CONTEXT }));
  expect((await slipway.ending(model, version)).detail).toMatchObject({ state: 'Live' });
}

function post({ gateway }: RunningSlipway, model: string, body: object, signal?: AbortSignal) {
  return fetch(`${gateway}/models/${model}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });
}

async function textOf(response: Response): Promise<string> {
  const { choices } = (await response.json()) as { choices: readonly { text: string }[] };
  return choices[0]?.text ?? '';
}

/** An answer that does not end by itself. */
async function streamed(slipway: RunningSlipway, model: string) {
  const client = new AbortController();
  const response = await post(slipway, model, { ...ENDLESS, stream: true }, client.signal);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let said = '';
  const stream = {
    revision: response.headers.get('x-slipway-revision'),
    request: response.headers.get('x-request-id'),
    /** Some more of it, as it was sent. */
    async next(): Promise<string> {
      const { value = '', done } = await reader.read();
      if (done) throw new Error('the stream has ended');
      said += value;
      return value;
    },
    /** Has a token at least. */
    async begun(): Promise<void> {
      while (stream.seen() === '') await stream.next();
    },
    /** The text so far. */
    seen: () =>
      [...said.matchAll(/^data: (\{.*\})$/gm)]
        .map(([, event = '']) => JSON.parse(event).choices[0]?.text ?? '')
        .join(''),
    leave: () => client.abort(),
  };
  return stream;
}

/** Waits until its server has reported an answer's measures, which it does when the answer has ended. Looks for the request's own report: those of the checks before the model became live may come later. */
async function told({ dataDir }: RunningSlipway, { request }: { request: string | null }) {
  const log = join(dataDir, 'logs', 'chat-v1.log');
  const line = `"RequestId":"${request}"`;
  await eventually(() => existsSync(log) && readFileSync(log, 'utf8').includes(line));
}

/** The sum of a metric of the gateway over the lines with this revision. */
async function metric(
  { gateway }: RunningSlipway,
  name: string,
  revision: string,
): Promise<number> {
  const lines = (await (await fetch(`${gateway}/metrics`)).text()).split('\n');
  return lines
    .filter((line) => line.startsWith(`${name}{`) && line.includes(`revision="${revision}"`))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}
