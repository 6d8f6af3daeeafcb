import { modelFolder, startModel, stopServers } from '../../model-server.ts';
import { onnx } from '../../onnx-runtime.ts';
import { LEXICON, safetensors, type Tensors, TOKENIZER } from '../../texts.ts';

afterAll(stopServers);

const VECTORS = LEXICON.vectors;
const NUMBERS = {
  F32: Float32Array.from(VECTORS.flat()),
  F16: Uint16Array.from([0x4800, 0x4800, 0x3c00, 0x4000, 0x4200, 0xc400, 0x3800, 0x3400]),
  BF16: Uint16Array.from([0x4100, 0x4100, 0x3f80, 0x4000, 0x4040, 0xc080, 0x3f00, 0x3e80]),
  F64: Float64Array.from(VECTORS.flat()),
};
const MODULES = [{ path: '', type: 'sentence_transformers.models.StaticEmbedding' }];
const NORMALIZE = { path: '1_Normalize', type: 'sentence_transformers.models.Normalize' };

const TABLE: Tensors = { 'embedding.weight': ['F32', [4, 2], NUMBERS.F32] };

async function startWith(tensors: Tensors, files: Readonly<Record<string, unknown>>) {
  const written = Object.entries({ 'tokenizer.json': TOKENIZER, ...files });
  const folder = await modelFolder({
    'model.safetensors': safetensors(tensors),
    ...Object.fromEntries(written.map(([name, content]) => [name, JSON.stringify(content)])),
  });
  return startModel(onnx, { MODEL_PATH: folder });
}

async function vectorsOf(tensors: Tensors, files: object, texts: readonly string[]) {
  const server = await startWith(tensors, { ...files });
  const { json } = await server.post('/v1/embeddings', { input: texts });
  return json.data.map(({ embedding }: { embedding: number[] }) => embedding);
}

describe('of vectors of tokens', () => {
  it('a text has the mean, an unknown word counted, and one without words nought', async () => {
    const texts = ['the cat', 'the dog', ' '];
    const vectors = await vectorsOf(TABLE, { 'modules.json': MODULES }, texts);

    expect(vectors).toEqual([
      [2, -1],
      [4.5, 5],
      [0, 0],
    ]);
  });

  it.each(['F16', 'BF16', 'F64'] as const)('those in %s are the same', async (type) => {
    const table: Tensors = { 'embedding.weight': [type, [4, 2], NUMBERS[type]] };

    expect(await vectorsOf(table, { 'modules.json': MODULES }, ['the cat'])).toEqual([[2, -1]]);
  });

  it('a vector is normalized, and then cut, as sentence-transformers is told', async () => {
    const files = {
      'modules.json': [...MODULES, NORMALIZE],
      'config_sentence_transformers.json': { truncate_dim: 1 },
    };
    const [cat, none] = await vectorsOf(TABLE, files, ['cat', ' ']);

    expect(cat).toEqual([expect.closeTo(0.6, 6)]);
    expect(none).toEqual([0]);
  });

  it('all protocols answer, and say how long a text may be', async () => {
    const truncation = {
      direction: 'Right',
      max_length: 2,
      strategy: 'LongestFirst',
      stride: 0,
    };
    const server = await startWith(TABLE, {
      'modules.json': MODULES,
      'tokenizer.json': { ...TOKENIZER, truncation },
    });
    const tensor = { name: 'text', datatype: 'BYTES', shape: [1], data: ['the cat sat'] };
    const [invoked, inferred] = [
      await server.post('/invocations', { inputs: 'the cat sat' }),
      await server.post('/v2/models/m/infer', { inputs: [tensor] }),
    ];

    expect(invoked.json).toEqual([2, -1]);
    expect(invoked.headers.get('x-slipway-warning')).toBe(
      '1 text was cut to the 2 tokens that the model takes',
    );
    expect(inferred.json.outputs).toMatchObject([
      { name: 'embedding', datatype: 'FP32', shape: [1, 2], data: [2, -1] },
    ]);
  });
});

describe('of a folder of model2vec', () => {
  const config = { model_type: 'model2vec', normalize: false };

  it('an unknown word is left out, and a vector may be of several words', async () => {
    const table: Tensors = {
      embeddings: ['F32', [2, 2], Float32Array.from([1, 2, 3, -4])],
      mapping: ['I64', [4], BigInt64Array.from([0n, 0n, 1n, 1n])],
      weights: ['F32', [4], Float32Array.from([1, 1, 1, 3])],
    };
    const texts = ['the dog', 'cat sat', 'dog'];

    expect(await vectorsOf(table, { 'config.json': config }, texts)).toEqual([
      [1, 2],
      [6, -8],
      [0, 0],
    ]);
  });

  it('a text is cut to so many tokens, and to as many letters as these usually have', async () => {
    const files = { 'config.json': { ...config, max_length: 3 } };
    const table: Tensors = { embeddings: TABLE['embedding.weight'] as Tensors[string] };
    const [byTokens, byLetters] = await vectorsOf(table, files, ['a b cat sat', 'cat       the']);

    expect(byTokens).toEqual([3, -4]);
    expect(byLetters).toEqual([3, -4]);
  });
});

it('a server whose tokenizer has tokens without a vector ends, and says so', async () => {
  const table: Tensors = { 'embedding.weight': ['F32', [3, 2], NUMBERS.F32.slice(0, 6)] };

  await expect(startWith(table, { 'modules.json': MODULES })).rejects.toThrow(
    'has 4 tokens, but there are vectors of 3',
  );
});
