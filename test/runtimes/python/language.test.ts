import { once } from 'node:events';
import { eventually } from '../../support/clock/eventually.ts';
import { smollm } from '../../support/models/smollm.ts';
import { modelFolder, startModel, stopServers } from '../model-server.ts';
import { pythonWith } from '../python-environment.ts';
import { onPython } from '../python-runtime.ts';
import type { Runtime } from '../runtime.ts';

const weights = await smollm();
const python = await pythonWith(
  'requirements.txt',
  'numpy.txt',
  '../../test/runtimes/llama-requirements.txt',
);

if (typeof weights === 'object') {
  it.skip(`a server of a language model: ${weights.missing}`, () => undefined);
} else if (typeof python === 'object') {
  it.skip(`a server of a language model: ${python.missing}`, () => undefined);
} else {
  await onPython((runtime) =>
    describeServer({ ...runtime, command: [python, '-m', 'slipway_server'] }, weights),
  );
}

function describeServer(runtime: Runtime, path: string): void {
  afterEach(stopServers);

  const started = async () => {
    const language = {
      task: 'generate',
      contextTokens: 512,
      requestsAtOnce: 2,
      hasChatTemplate: true,
    };
    const folder = await modelFolder({
      'facts.json': JSON.stringify({ format: 'gguf', language }),
    });
    return startModel(runtime, { MODEL_PATH: path, MODEL_FACTS: `${folder}/facts.json` });
  };

  it('answers as many requests side by side as it is told, and the next one after these', async () => {
    const { url } = await started();
    const order: number[] = [];
    const ask = async (number: number) => {
      const response = await streamed(url, 16);
      for await (const _ of response.body ?? []) order.push(number);
    };

    await Promise.all([ask(0), ask(1), ask(2)]);

    const first = (number: number) => order.indexOf(number);
    const last = (number: number) => order.lastIndexOf(number);
    const [one, other, third] = [0, 1, 2].toSorted((a, b) => first(a) - first(b));
    expect(first(other ?? 0)).toBeLessThan(last(one ?? 0));
    expect(first(third ?? 0)).toBeGreaterThan(Math.min(last(one ?? 0), last(other ?? 0)));
  });

  it('gives a command that asks it as its own API is asked', async () => {
    const server = await started();

    const { curl } = (await server.get('/')).json;

    expect(curl).toContain(` ${server.url}/v1/chat/completions -H`);
    expect(curl).toContain('{"messages":[{"role":"user","content":"Once upon a time"}]}');
  });

  it.each([
    {
      what: 'more answers than it makes at once',
      asked: { n: 3 },
      says: 'n is 3; it takes a number from 1 to 2',
    },
    {
      what: 'no token',
      asked: { max_tokens: 0 },
      says: 'max_tokens is 0; it takes a whole number from 1',
    },
    {
      what: 'its own text again',
      asked: { echo: true },
      says: 'echo is true, which this server does not do',
    },
    {
      what: 'a text between two',
      asked: { suffix: ' end' },
      says: 'suffix is " end", which this server does not do',
    },
    {
      what: 'the best of several',
      asked: { best_of: 2 },
      says: 'best_of is 2, which this server does not do',
    },
    {
      what: 'a temperature in words',
      asked: { temperature: 'hot' },
      says: 'temperature is "hot"; it takes a number',
    },
  ])('refuses a request for $what, and says so', async ({ asked, says }) => {
    const { post } = await started();

    const { status, json } = await post('/v1/completions', { prompt: 'Once', ...asked });

    expect(status).toBe(400);
    expect(json.error.message).toContain(says);
  });

  it('answers as often as it is asked to at once, and takes what is null for what is left out', async () => {
    const { post } = await started();

    const asked = {
      prompt: 'Once',
      n: 2,
      max_tokens: 4,
      temperature: null,
      echo: false,
      suffix: null,
    };
    const { json } = await post('/v1/completions', asked);

    expect(json.choices.map(({ index }: { index: number }) => index)).toEqual([0, 1]);
  });

  it('names a prompt that is longer than its context as clients know it', async () => {
    const { post } = await started();

    const { status, json } = await post('/v1/completions', { prompt: 'word '.repeat(600) });

    expect(status).toBe(400);
    expect(json.error).toMatchObject({
      message: expect.stringMatching(
        /^the prompt has 60\d tokens; .* 512 together, .*runtime\.contextTokens/,
      ),
      code: 'context_length_exceeded',
    });
  });

  it('lists the log-probabilities of a completion by token, with the place of each in the text', async () => {
    const { post, url } = await started();
    const asked = { prompt: 'Once upon a', max_tokens: 4, temperature: 0, logprobs: 2 };

    const whole = await post('/v1/completions', asked);
    const pieces = await fetch(`${url}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...asked, stream: true }),
    });

    const [{ text, logprobs }] = whole.json.choices;
    const { tokens, token_logprobs, top_logprobs, text_offset } = logprobs;
    expect(tokens).toHaveLength(4);
    expect(tokens.join('')).toBe(text);
    const places = tokens.map((_: string, at: number) => tokens.slice(0, at).join('').length);
    expect(text_offset).toEqual(places);
    expect(token_logprobs).toEqual(
      tokens.map((token: string, at: number) => top_logprobs[at][token]),
    );
    expect(offsetsIn(await pieces.text())).toEqual(places);
  });

  it('refuses tools where its chat template would not tell the model of them', async () => {
    const { post } = await started();
    const [messages, tools] = [
      [{ role: 'user', content: 'The weather in Rome?' }],
      [{ type: 'function', function: { name: 'weather', parameters: { type: 'object' } } }],
    ];

    const refused = await post('/v1/chat/completions', { messages, tools, max_tokens: 4 });
    const answered = await post('/v1/chat/completions', {
      ...{ messages, tools, max_tokens: 4 },
      tool_choice: 'none',
    });

    expect(refused).toMatchObject({ status: 400 });
    expect(refused.json.error.message).toContain("tools are not in the model's chat template");
    expect(answered).toMatchObject({ status: 200 });
  });

  it.each([
    {
      method: 'POST',
      path: '/v1/responses',
      status: 404,
      says: 'there is no /v1/responses here; ask by /v1/chat/completions',
    },
    { method: 'GET', path: '/completions', status: 405, says: 'takes POST, not GET' },
    { method: 'GET', path: '/v1/chat/completions', status: 405, says: 'takes POST, not GET' },
  ])('says of $path in words that its clients show why it is not answered', async (asked) => {
    const { url } = await started();
    const { method, path, status, says } = asked;

    const response = await fetch(`${url}${path}`, { method });

    expect(response.status).toBe(status);
    const { error } = JSON.parse(await response.text());
    expect(error.message).toContain(says);
  });

  it.each([
    { of: 'a function', key: { 'x-amzn-request-context': '{"identity":{"apiKeyId":"k-1"}}' } },
    { of: 'a container', key: { 'x-slipway-key-id': 'k-1' } },
  ])(
    'tells in the log of $of what each answer took, and by which key, as metrics of CloudWatch',
    async ({ key }) => {
      const { url, child } = await started();
      let log = '';
      child.stdout?.on('data', (bytes) => {
        log += bytes;
      });

      await fetch(`${url}/v1/completions`, { method: 'POST', body: '{}' });
      const response = await streamed(url, 16, {
        ...key,
        'x-request-id': 'r-1',
      });
      await response.text();
      await eventually(() => log.includes('_aws'));

      const [told, ...others] = log.split('\n').filter((line) => line.startsWith('{"_aws":'));
      const { _aws, ...values } = JSON.parse(told ?? '');
      expect(others).toEqual([]);
      expect(_aws).toEqual({
        Timestamp: expect.any(Number),
        CloudWatchMetrics: [
          {
            Namespace: 'Slipway',
            Dimensions: [['Model', 'Revision']],
            Metrics: [
              { Name: 'TokensIn', Unit: 'Count' },
              { Name: 'TokensOut', Unit: 'Count' },
              { Name: 'TimeToFirstToken', Unit: 'Milliseconds' },
              { Name: 'TokensPerSecond', Unit: 'Count/Second' },
            ],
          },
        ],
      });
      expect(values).toEqual({
        Model: expect.any(String),
        Revision: expect.any(String),
        TokensIn: expect.any(Number),
        TokensOut: 16,
        TimeToFirstToken: expect.any(Number),
        TokensPerSecond: expect.any(Number),
        ApiKeyId: 'k-1',
        RequestId: 'r-1',
      });
    },
  );

  it('writes what it has begun to the end when it is told to end, and exits with 0', async () => {
    const { url, child } = await started();
    const response = await streamed(url, 16);

    child.kill('SIGTERM');
    const [text, [code]] = await Promise.all([response.text(), once(child, 'exit')]);

    expect(text).toMatch(/data: \[DONE\]\n\n$/);
    expect(code).toBe(0);
  });
}

/** The places of all tokens in a stream of completions. */
function offsetsIn(stream: string): readonly number[] {
  const events = stream.split('\n\n').flatMap((line) => /^data: (\{.*)$/.exec(line)?.[1] ?? []);
  return events.flatMap((event) => JSON.parse(event).choices[0]?.logprobs?.text_offset ?? []);
}

function streamed(url: string, tokens: number, headers = {}): Promise<Response> {
  return fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ prompt: 'Once', max_tokens: tokens, ignore_eos: true, stream: true }),
  });
}
