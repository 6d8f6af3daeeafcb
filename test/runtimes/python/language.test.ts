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

function streamed(url: string, tokens: number, headers = {}): Promise<Response> {
  return fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ prompt: 'Once', max_tokens: tokens, ignore_eos: true, stream: true }),
  });
}
