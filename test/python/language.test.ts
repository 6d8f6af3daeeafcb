import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pythonWith } from '../runtimes/python-environment.ts';
import { memoryFigures, tooFar } from '../support/models/memory.ts';
import { asEmbedding, smollm } from '../support/models/smollm.ts';
import { tinyLlama } from '../support/models/tiny-llama.ts';
import { npmPackage } from '../support/npm-package.ts';
import { processesOf, type RunningSlipway } from '../support/slipway/running.ts';
import { describeOnOneMachine } from './right-answers.ts';

const run = promisify(execFile);
const weights = await smollm();
const openaiOfPython = await pythonWith('../../test/python/openai-requirements.txt');
const openaiOfNode = await npmPackage({
  name: 'openai',
  version: '7.59.0',
  integrity:
    'sha512-wPYKJkLPFEdNJ2tThSg4jE1Ptsv4X3u8g8LIvu0Qz/UIhsKeCzl73rl48PtQsDVrJL/ku0liXOsbyd2TsRsPJw==',
});
const CLIENTS = [
  clientOf('Python', openaiOfPython, (python) => [python, fileOf('openai_client.py')]),
  clientOf('Node', openaiOfNode, (folder) => [
    process.execPath,
    fileOf('openai-client.mjs'),
    folder,
  ]),
];

const LARGE_PAGES = largePagesHere();

if (typeof weights === 'string') describeLanguage(weights);
else it.skip(`a language model on one machine: ${weights.missing}`, () => undefined);

function describeLanguage(path: string): void {
  describeOnOneMachine('a language model, dropped, on one machine', (slipway) => {
    const dropped = async (n: number, name = `m${n}.gguf`) => {
      slipway().drop(`models/chat/${name}.yaml`, 'server: { aliases: [gpt-4o-mini] }');
      slipway().drop(`models/chat/${name}`, readFileSync(path));
      return slipway().ending('chat', n);
    };
    let first: Awaited<ReturnType<typeof dropped>>;
    beforeAll(async () => {
      first = await dropped(1);
    });

    it('goes live, proven by a text that it goes on with in the same words', async () => {
      const explained = await slipway().get('/models/chat/explain?version=1');

      expect(first.detail).toMatchObject({ state: 'Live' });
      expect(explained).toMatchObject({ runtime: { name: 'python' } });
    });

    it('takes about as much memory as is expected, by what the build saw', async () => {
      const given = { path, model: 'chat', version: 1 };

      expect(tooFar([await memoryFigures(slipway(), given)])).toEqual([]);
    });

    const inLargePages = 'has its weights in pages of 2 MB, from which it answers a quarter faster';
    if (LARGE_PAGES === 'never') it.skip(`${inLargePages}: this machine has none`, () => undefined);
    else {
      it(inLargePages, async () => {
        const largest = processesOf(slipway().dataDir).map(largePagesKiB);

        expect(Math.max(...largest)).toBeGreaterThan(statSync(path).size / 1024 / 2);
      });
    }

    it('answers a conversation, by its own name', async () => {
      const { status, body } = await post(slipway(), 'chat/completions', {
        model: 'chat',
        messages: [{ role: 'user', content: 'What is gravity? Answer in one sentence.' }],
        max_tokens: 40,
        temperature: 0,
      });

      expect(status).toBe(200);
      expect(body).toMatchObject({
        object: 'chat.completion',
        model: 'chat',
        choices: [
          {
            index: 0,
            message: { role: 'assistant', content: expect.stringMatching(/^Gravity is/) },
            finish_reason: 'stop',
          },
        ],
        usage: { prompt_tokens: 39, completion_tokens: expect.any(Number) },
      });
    });

    it('answers the same text by every protocol that takes one', async () => {
      const prompt = 'The capital of France is';
      const greedy = { max_tokens: 4, temperature: 0 };
      const completion = await post(slipway(), 'completions', { prompt, ...greedy });
      const several = await post(slipway(), 'completions', { prompt: [prompt, prompt], ...greedy });
      const invoked = await post(slipway(), '../invocations', { inputs: prompt, ...greedy });
      const listed = await post(slipway(), '../invocations', { prompt: [prompt], params: greedy });
      const inferred = await post(slipway(), '../v2/models/chat/infer', {
        inputs: [{ name: 'text', datatype: 'BYTES', shape: [1], data: [prompt] }],
      });

      const text = ' Paris.\n\n';
      expect(completion.body).toMatchObject({ choices: [{ text, finish_reason: 'length' }] });
      expect(several.body).toMatchObject({
        choices: [
          { index: 0, text },
          { index: 1, text },
        ],
        usage: { completion_tokens: 8 },
      });
      expect(invoked.body).toEqual({ predictions: text });
      expect(listed.body).toEqual({ predictions: [text] });
      expect(inferred.body).toMatchObject({
        outputs: [{ name: 'text', datatype: 'BYTES', data: [expect.stringContaining(text)] }],
      });
    });

    it('streams a piece for each token, and says what it used where that is asked for', async () => {
      const asked = { prompt: 'The capital of France is', max_tokens: 4, temperature: 0 };
      const plain = await events(slipway(), { ...asked, stream: true });
      const counted = await events(slipway(), {
        ...asked,
        stream: true,
        stream_options: { include_usage: true },
      });

      expect(plain.at(-1)).toBe('[DONE]');
      expect(textOf(plain)).toBe(' Paris.\n\n');
      expect(plain.length).toBeGreaterThanOrEqual(4);
      expect(plain.join('')).not.toContain('usage');
      expect(JSON.parse(counted.at(-2) ?? '')).toMatchObject({ usage: { completion_tokens: 4 } });
    });

    it('stops making what nobody waits for any more', async () => {
      const left = request(`${slipway().gateway}/models/chat/v1/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
      });
      left.on('error', () => undefined);
      left.end(
        JSON.stringify({ prompt: 'Once', max_tokens: 4000, ignore_eos: true, stream: true }),
      );
      const [response] = await once(left, 'response');
      await once(response, 'data');
      left.destroy();

      const { body } = await post(slipway(), 'completions', { prompt: 'Once', max_tokens: 1 });

      expect(body).toMatchObject({ usage: { completion_tokens: 1 } });
    });

    it.each<[string, unknown, string]>([
      ['completions', {}, 'prompt is missing; it takes a text'],
      ['completions', { prompt: 'a', echo: true }, 'echo is true, which this server does not do'],
      ['completions', { prompt: 'a', stream: 'yes' }, 'stream is "yes"'],
      ['chat/completions', { messages: [] }, 'messages is a list of 0'],
      ['chat/completions', { messages: [{ role: 'x' }] }, "must contain 'content'"],
      ['chat/completions', [], 'the body is a list of 0'],
      ['embeddings', { input: 'a' }, 'makes no embeddings'],
      ['embeddings', { input: [[17, 4]] }, 'input is a list of 1 that are not all texts'],
    ])(
      'refuses at %s what it cannot answer, in the words of that API',
      async (at, asked, message) => {
        expect(await post(slipway(), at, asked)).toEqual({
          status: 400,
          body: {
            error: {
              message: expect.stringContaining(message),
              type: 'invalid_request_error',
              param: null,
              code: null,
            },
          },
        });
      },
    );

    it('says what it is, and where it is asked', async () => {
      const models = await fetch(`${slipway().gateway}/models/chat/v1/models`);
      const document = await fetch(`${slipway().gateway}/models/chat/openapi.json`);

      expect(await models.json()).toMatchObject({
        data: [{ id: 'chat', object: 'model' }, { id: 'gpt-4o-mini' }],
      });
      expect(await document.json()).toMatchObject({
        paths: { '/v1/chat/completions': {}, '/v1/completions': {}, '/v1/models': {} },
      });
    });

    for (const { language, client, missing } of CLIENTS) {
      const answered = async () => {
        const [program = '', ...args] = client;
        const { stdout } = await run(program, [...args, `${slipway().gateway}/models/chat/v1`]);

        expect(JSON.parse(stdout)).toEqual({
          models: ['chat', 'gpt-4o-mini'],
          chat: expect.stringMatching(/^Gravity is/),
          streamed: ' Paris.\n\n',
          usage: 4,
          refused: [400, expect.stringContaining('messages is a list of 0')],
          response: expect.stringMatching(/^Gravity is/),
          events: 'response.completed',
          parsed: ['age', 'name'],
          choices: 2,
          alias: 'chat',
          unknown: [404, 'model_not_found'],
        });
      };
      const what = `answers OpenAI's own client of ${language}`;
      if (missing === undefined) it(what, answered);
      else it.skip(`${what}: ${missing}`, answered);
    }

    it('embeds texts, where its file says that it does', async () => {
      slipway().drop('models/embed/e.gguf.yaml', 'runtime: { contextTokens: 256 }');
      slipway().drop('models/embed/e.gguf', asEmbedding(readFileSync(path)));
      const end = await slipway().ending('embed', 1);
      const embedded = await post(slipway(), 'embeddings', { input: ['a cat', 'a dog'] }, 'embed');
      const inferred = await post(
        slipway(),
        '../v2/models/embed/infer',
        { inputs: [{ name: 'text', datatype: 'BYTES', shape: [1], data: ['a cat'] }] },
        'embed',
      );
      const chat = await post(slipway(), 'chat/completions', { messages: [{}] }, 'embed');
      const [short, long] = await Promise.all(
        [8, 577].map((dimensions) =>
          post(
            slipway(),
            'embeddings',
            { input: 'a cat', dimensions, encoding_format: 'base64' },
            'embed',
          ),
        ),
      );

      expect(end.detail).toMatchObject({ state: 'Live' });
      const { data, model } = embedded.body as { data: { embedding: number[] }[]; model: string };
      expect([model, data.map(({ embedding }) => embedding.length)]).toEqual(['embed', [576, 576]]);
      const [output] = (inferred.body as { outputs: { shape: number[]; data: number[] }[] })
        .outputs;
      expect(floatsOf(short?.body)).toEqual(unitVector(data[0]?.embedding.slice(0, 8) ?? []));
      expect(long).toMatchObject({
        status: 400,
        body: { error: { message: 'dimensions is 577; the model has 576' } },
      });
      expect(output?.shape).toEqual([1, 576]);
      expect(output?.data[0]).toBeCloseTo(data[0]?.embedding[0] ?? 0, 3);
      expect(chat).toMatchObject({
        status: 400,
        body: { error: { message: expect.stringContaining('/v1/embeddings') } },
      });
    });

    it('is proven by a prompt that its context holds', async () => {
      slipway().drop('models/short/m.gguf', tinyLlama({ contextTokens: 32 }));

      const { detail } = await slipway().ending('short', 1);

      expect(detail).toMatchObject({ state: 'Live' });
    });

    it('is replaced by its next version, and comes back', async () => {
      const second = await dropped(2);
      await slipway().ask('chat', 'rollback');
      const third = await slipway().ending('chat', 3);

      expect(second.detail).toMatchObject({ state: 'Live' });
      expect(third.detail).toMatchObject({ state: 'Live' });
      expect(await post(slipway(), 'completions', { prompt: 'a', max_tokens: 1 })).toMatchObject({
        status: 200,
      });
    });
  });
}

/** The first vector of an answer in base64. */
function floatsOf(body: unknown): readonly number[] {
  const [{ embedding }] = (body as { data: [{ embedding: string }] }).data;
  const bytes = Buffer.from(embedding, 'base64');
  return Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(4 * at));
}

/** Whether a vector has length 1, to the third digit. */
function unitVector(values: readonly number[]): readonly unknown[] {
  const length = Math.hypot(...values);
  return values.map((value) => expect.closeTo(value / length, 3));
}

/** The command of a client that a test calls, or why there is none. */
function clientOf(
  language: string,
  found: string | { readonly missing: string },
  commandOf: (found: string) => readonly string[],
) {
  return typeof found === 'string'
    ? { language, client: commandOf(found), missing: undefined }
    : { language, client: [], missing: found.missing };
}

function fileOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

async function post({ gateway }: RunningSlipway, at: string, body: unknown, model = 'chat') {
  const response = await fetch(new URL(at, `${gateway}/models/${model}/v1/`), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

/** The text of each event of a streamed answer. */
async function events({ gateway }: RunningSlipway, body: object): Promise<readonly string[]> {
  const response = await fetch(`${gateway}/models/chat/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  const lines = (await response.text()).split('\n\n').filter(Boolean);
  return lines.map((line) => line.replace(/^data: /, ''));
}

function textOf(told: readonly string[]): string {
  return told
    .slice(0, -1)
    .map((each) => JSON.parse(each).choices[0]?.text ?? '')
    .join('');
}

/** When the kernel gives a program large pages: always, by madvise, or never. */
function largePagesHere(): string {
  try {
    const given = readFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'utf8');
    return /\[(\w+)\]/.exec(given)?.[1] ?? 'never';
  } catch {
    return 'never';
  }
}

function largePagesKiB(pid: number): number {
  try {
    const held = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Number(/AnonHugePages:\s+(\d+) kB/.exec(held)?.[1] ?? 0);
  } catch {
    // It has ended, or is not our process.
    return 0;
  }
}
