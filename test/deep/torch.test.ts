import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeOnOneMachine } from '../python/right-answers.ts';
import { type MemoryFigures, memoryFigures, tooFar } from '../support/models/memory.ts';
import { expectLive } from './live.ts';
import { DEEP_PYTHON } from './python.ts';

const FOLDER = join(import.meta.dirname, '../fixtures/torch');
const LONGEST_MS = 900_000;
const NEAR = 4;

type Tensor = { name: string; datatype: string; shape: number[]; data: number[] };
type Answers = Record<string, { inputs: Tensor[]; outputs: number[][] }>;
const ANSWERS = JSON.parse(readFileSync(join(FOLDER, 'answers.json'), 'utf8')) as Answers;
// The build loads each of them by torch, whatever serves it.
const BY_TORCH = [
  ['rows', 'rows-scripted.pt'],
  ['pictures', 'pictures-traced.pt'],
  ['program', 'rows.pt2'],
  ['quantized', 'rows-quantized.pt'],
  ['calibrated', 'pictures-quantized.pt'],
  ['two', 'two-scripted.jit'],
] as const;
const exampleOf = (inputs: readonly unknown[]) =>
  JSON.stringify({ examples: [{ request: { inputs } }] });

if (DEEP_PYTHON) describeTorch();
else it.skip('models of PyTorch: .ci/deep installs what they need', () => undefined);

function describeTorch(): void {
  describeOnOneMachine('a module of PyTorch, dropped', (slipway) => {
    const dropped = async (model: string, n: number, name: string, manifest?: string) => {
      if (manifest) slipway().drop(`models/${model}/${name}.yaml`, manifest);
      slipway().drop(`models/${model}/${name}`, readFileSync(join(FOLDER, name)));
      return (await slipway().ending(model, n)).detail;
    };
    const infer = async (model: string, inputs: readonly unknown[]) => {
      const url = `${slipway().gateway}/models/${model}/v2/models/${model}/infer`;
      const body = JSON.stringify({ inputs });
      const answer = await fetch(url, { method: 'POST', headers: JSON_TYPE, body });
      return (await answer.json()) as { outputs: Tensor[]; error?: string };
    };
    const servedBy = async (model: string, version: number) => {
      const said = await slipway().get(`/models/${model}/explain?version=${version}`);
      return (said as { runtime: { name: string } }).runtime.name;
    };

    it.each([
      ['rows', 'rows-scripted.pt', 'onnx'],
      ['pictures', 'pictures-traced.pt', 'onnx'],
      ['program', 'rows.pt2', 'onnx'],
      ['lengths', 'lengths.pt2', 'onnx'],
      ['free', 'free.pt2', 'onnx'],
      ['nested', 'nested.pt2', 'onnx'],
      ['states', 'states-traced.pt', 'onnx'],
    ])(
      '%s, %s, answers as torch does, as ONNX',
      async (model, name, runtime) => {
        expectLive(await dropped(model, 1, name));
        const { inputs, outputs } = ANSWERS[name] ?? { inputs: [], outputs: [] };
        const found = (await infer(model, inputs)).outputs.map(({ data }) => data);

        expect(await servedBy(model, 1)).toBe(runtime);
        for (const [at, output] of outputs.entries()) expectNear(found[at] ?? [], output);
      },
      LONGEST_MS,
    );

    it.each([
      ['quantized', 'rows-quantized.pt'],
      ['calibrated', 'pictures-quantized.pt'],
    ])(
      '%s, %s, answers as torch does',
      async (model, name) => {
        expectLive(await dropped(model, 1, name));
        const { inputs, outputs } = ANSWERS[name] ?? { inputs: [], outputs: [] };
        const found = (await infer(model, inputs)).outputs.map(({ data }) => data);

        for (const [at, output] of outputs.entries()) expectNear(found[at] ?? [], output);
      },
      LONGEST_MS,
    );

    it(
      'takes rows as people write them, and is upgraded and rolled back',
      async () => {
        const rows = ANSWERS['rows-scripted.pt']?.inputs[0];
        const body = JSON.stringify({ inputs: [rows?.data.slice(0, 4)] });
        const ask = async () => {
          const url = `${slipway().gateway}/models/rows/invocations`;
          const answer = await fetch(url, { method: 'POST', headers: JSON_TYPE, body });
          return ((await answer.json()) as { predictions: number[][] }).predictions[0] ?? [];
        };
        const before = await ask();
        expectLive(await dropped('rows', 2, 'rows-traced.pt'));
        const after = await ask();
        const { code } = await slipway().command('rollback', 'rows');

        expectNear(before, ANSWERS['rows-scripted.pt']?.outputs[0]?.slice(0, 3) ?? []);
        expectNear(after, before);
        expect(code).toBe(0);
        expectNear(await ask(), before);
      },
      LONGEST_MS,
    );

    it(
      'is told by its example what it takes, of several inputs',
      async () => {
        const { inputs, outputs } = ANSWERS['two-scripted.jit'] ?? { inputs: [], outputs: [] };
        expectLive(await dropped('two', 1, 'two-scripted.jit', exampleOf(inputs)));
        const found = (await infer('two', inputs)).outputs;

        for (const [at, output] of outputs.entries()) expectNear(found[at]?.data ?? [], output);
      },
      LONGEST_MS,
    );

    it(
      'takes about as much memory as is expected, by what the build saw of torch',
      async () => {
        const figures: MemoryFigures[] = [];
        for (const [model, name] of BY_TORCH) {
          figures.push(
            await memoryFigures(slipway(), { path: join(FOLDER, name), model, version: 1 }),
          );
        }

        expect(tooFar(figures)).toEqual([]);
      },
      LONGEST_MS,
    );

    it(
      'without one is refused with the words for it, where nothing tells',
      async () => {
        const ending = await dropped('untold', 1, 'two-scripted.jit');

        expect(ending).toMatchObject({
          reason: expect.stringMatching(/do not say what it takes \(ids, weights\).*examples:/),
        });
      },
      LONGEST_MS,
    );

    it(
      'that remembers answers each request as its first, by torch itself',
      async () => {
        const inputs = [
          { name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] },
          { name: 'rate', datatype: 'INT64', shape: [], data: [16_000] },
        ];
        expectLive(await dropped('counter', 1, 'counter-scripted.pt', exampleOf(inputs)));
        const [first, second] = [await infer('counter', inputs), await infer('counter', inputs)];

        expect(await servedBy('counter', 1)).toBe('python');
        expect(first.outputs[0]?.data).toEqual([6]);
        expect(second.outputs[0]?.data).toEqual([6]);
      },
      LONGEST_MS,
    );

    it(
      'of weights alone is served by the lines that its refusal has',
      async () => {
        const refused = await dropped('weights', 1, 'state-dict.pt');
        const { predict, model } = filesFor(JSON.stringify(refused));
        const at = (name: string) => `models/weights/net/${name}`;
        slipway().drop(at('state-dict.pt'), readFileSync(join(FOLDER, 'state-dict.pt')));
        slipway().drop(at('model.py'), model);
        slipway().drop(at('requirements.txt'), 'torch==2.15.0\nnumpy\n');
        slipway().drop(at('predict.py'), predict);
        expectLive((await slipway().ending('weights', 2)).detail);
        const url = `${slipway().gateway}/models/weights/invocations`;
        const rows = ANSWERS['rows-scripted.pt'];
        const body = JSON.stringify({ inputs: [rows?.inputs[0]?.data.slice(0, 4)] });
        const answer = await fetch(url, { method: 'POST', headers: JSON_TYPE, body });
        const { predictions } = (await answer.json()) as { predictions: number[][] };

        expectNear(predictions[0] ?? [], rows?.outputs[0]?.slice(0, 3) ?? []);
      },
      LONGEST_MS,
    );
  });
}

const JSON_TYPE = { 'content-type': 'application/json' };

function expectNear(found: readonly number[], expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length);
  for (const [at, value] of expected.entries()) expect(found[at]).toBeCloseTo(value, NEAR);
}

/** The predict.py of a refusal, and the module that it asks for. */
function filesFor(refusal: string) {
  const [, lines = ''] =
    /( {2}import torch.*?tolist\(\))/s.exec(
      refusal.replaceAll('\\n', '\n').replaceAll('\\"', '"'),
    ) ?? [];
  const predict = lines.replaceAll(/^ {2}/gm, '');
  const layers = 'nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)';
  const model = `from torch import nn\n\n\nclass Net(nn.Sequential):\n    def __init__(self):\n        super().__init__(${layers})\n`;
  return { predict: `${predict}\n`, model };
}
