import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeOnOneMachine } from '../python/right-answers.ts';
import { filesIn } from '../support/models/files-in.ts';
import { temporaryFolder } from '../support/slipway/running.ts';
import { expectLive } from './live.ts';
import { DEEP_PYTHON, python } from './python.ts';

const LONGEST_MS = 900_000;
// The distance of two vectors, relative to the length of the expected one.
const NEAR = 1e-4;
const TEXTS = [
  'Yes.',
  'the cat sat on the mat',
  'This film was wonderful 🙂, and the box was damaged!',
  'the delivery was late, '.repeat(30).trim(),
];

type Vectors = readonly (readonly number[])[];

if (DEEP_PYTHON) describeModules();
else it.skip('modules of sentence-transformers: .ci/deep installs what they need', () => undefined);

function describeModules(): void {
  describeOnOneMachine('a model of sentence-transformers', (slipway) => {
    let folder: Awaited<ReturnType<typeof temporaryFolder>>;
    let answers: Readonly<Record<string, Vectors>>;
    beforeAll(async () => {
      folder = await temporaryFolder();
      await python('./make_modules.py', folder.path, JSON.stringify(TEXTS));
      answers = JSON.parse(readFileSync(join(folder.path, 'answers.json'), 'utf8'));
    }, LONGEST_MS);
    afterAll(() => folder[Symbol.asyncDispose]());

    const dropped = async (kind: string, name: string, manifest = '') => {
      for (const [file, bytes] of Object.entries(filesIn(join(folder.path, kind))))
        slipway().drop(`models/${name}/net/${file}`, bytes);
      slipway().drop(`models/${name}/net/model.yaml`, manifest);
      expectLive((await slipway().ending(name, 1)).detail);
    };
    const apartBy = async (kind: string, name: string) => {
      const headers = { 'content-type': 'application/json' };
      const url = `${slipway().gateway}/models/${name}/v1/embeddings`;
      const body = JSON.stringify({ model: name, input: TEXTS });
      const response = await fetch(url, { method: 'POST', headers, body });
      const { data } = (await response.json()) as { data: { embedding: number[] }[] };
      return data.map(({ embedding }, at) => distance(embedding, answers[kind]?.[at] ?? []));
    };
    const servedBy = async (name: string) => {
      const said = await slipway().get(`/models/${name}/explain?version=1`);
      return (said as { runtime: { name: string } }).runtime.name;
    };

    it.each([
      ['labse', 'as it was saved before, with a Dense in a pickle of torch', 'onnx'],
      ['layers', 'with a LayerNorm, and a Dense that adds what it was given', 'onnx'],
      ['gtr', 'with the encoder of T5', 'onnx'],
      ['gemma', 'with two Dense, a prompt before each text, and vectors that are cut', 'onnx'],
      ['qwen', 'with the last token of texts that are padded on the left', 'onnx'],
      ['weighted', 'with a mean that later tokens weigh more in', 'onnx'],
      ['static', 'with a vector for each token and no config.json', 'onnx'],
      ['potion', 'as model2vec saves it for that package', 'onnx'],
      ['bare', 'as model2vec saves it for itself', 'onnx'],
    ])(
      '%s, %s, answers the vectors of that package, by %s',
      async (kind, _, runtime) => {
        await dropped(kind, kind);

        expect(await servedBy(kind)).toBe(runtime);
        for (const apart of await apartBy(kind, kind)) expect(apart).toBeLessThan(NEAR);
        await slipway().ask(kind, 'undeploy');
      },
      LONGEST_MS,
    );

    it.each(['labse', 'gemma', 'qwen'])(
      '%s answers them by transformers, too',
      async (kind) => {
        const name = `${kind}-native`;

        await dropped(kind, name, 'runtime: { optimize: none }');

        expect(await servedBy(name)).toBe('python');
        for (const apart of await apartBy(kind, name)) expect(apart).toBeLessThan(NEAR);
        await slipway().ask(name, 'undeploy');
      },
      LONGEST_MS,
    );
  });
}

function distance(found: readonly number[], wanted: readonly number[]): number {
  if (found.length !== wanted.length) return Number.POSITIVE_INFINITY;
  const length = Math.hypot(...wanted);
  return Math.hypot(...found.map((each, at) => each - (wanted[at] ?? 0))) / length;
}
