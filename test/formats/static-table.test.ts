import { manifestSchema } from '#domain/manifest/manifest.ts';
import { inspectFiles } from '#formats/inspect.ts';
import {
  type HuggingFaceFiles,
  huggingFaceFiles,
  safetensorsOf,
  TOKENIZER,
} from '../support/models/hugging-face.ts';

const GIB = 2 ** 30;
const [ROWS, WIDTH] = [6, 4];
type Told = readonly [dtype: 'F32' | 'F16' | 'I64' | 'U8', ...shape: readonly number[]];

const BYTES = { F32: 4, F16: 2, I64: 8, U8: 1 };
const VECTORS = tensors({ 'embedding.weight': ['F32', ROWS, WIDTH] });

function tensors(told: Readonly<Record<string, Told>>): Buffer {
  let end = 0;
  const header = Object.entries(told).map(([name, [dtype, ...shape]]) => {
    const from = end;
    end += BYTES[dtype] * shape.reduce((product, dim) => product * dim, 1);
    return [name, { dtype, shape, data_offsets: [from, end] }];
  });
  return safetensorsOf(Object.fromEntries(header), end);
}

/** A folder as sentence-transformers saves it, which has no config.json. */
function saved(kinds: readonly string[], files: HuggingFaceFiles = {}): HuggingFaceFiles {
  return {
    'config.json': undefined,
    'model.onnx': undefined,
    'tokenizer_config.json': undefined,
    'modules.json': kinds.map((kind, idx) => ({
      idx,
      path: idx === 0 ? '' : `${idx}_${kind}`,
      type: `sentence_transformers.models.${kind}`,
    })),
    'model.safetensors': VECTORS,
    ...files,
  };
}

const MODEL2VEC = {
  ...saved([]),
  'modules.json': undefined,
  'config.json': { model_type: 'model2vec', architectures: ['StaticModel'], normalize: true },
  'model.safetensors': tensors({ embeddings: ['F16', ROWS, WIDTH] }),
};

describe('a folder with a vector for each token', () => {
  it('is a model without a config.json, which the ONNX server reads as it is', async () => {
    const { format, data, pipeline, signature, requirements, dtypes, parameters } = await inspected(
      saved(['StaticEmbedding', 'Normalize']),
    );

    expect({ format, data, requirements, dtypes, parameters }).toEqual({
      format: 'huggingface',
      data: { file: 'model.safetensors', format: 'onnx', modelClass: null },
      requirements: [],
      dtypes: ['FP32'],
      parameters: ROWS * WIDTH,
    });
    expect(pipeline).toMatchObject({
      task: 'feature-extraction',
      architecture: 'StaticEmbedding',
      pooling: 'mean',
      normalizes: true,
      maxTokens: null,
    });
    expect(signature?.outputs).toMatchObject([{ name: 'embedding', shape: [-1, WIDTH] }]);
  });

  it('may have them in a folder of its own, and a prompt, a limit and a width of its vectors', async () => {
    const tokenizer = {
      truncation: { direction: 'Right', max_length: 32, strategy: 'LongestFirst', stride: 0 },
      ...TOKENIZER,
    };
    const { pipeline, signature, data } = await inspected({
      ...saved([], {
        'model.safetensors': undefined,
        'tokenizer.json': undefined,
        '0_StaticEmbedding/model.safetensors': VECTORS,
        '0_StaticEmbedding/tokenizer.json': tokenizer,
      }),
      'modules.json': [
        { path: '0_StaticEmbedding', type: 'sentence_transformers.models.StaticEmbedding' },
        { path: '1_Dropout', type: 'sentence_transformers.models.Dropout' },
      ],
      'config_sentence_transformers.json': {
        prompts: { query: 'find: ' },
        default_prompt_name: 'query',
        truncate_dim: 3,
      },
    });

    expect(pipeline).toMatchObject({ prompt: 'find: ', dimensions: 3, maxTokens: 32 });
    expect(pipeline?.normalizes).toBe(false);
    expect(signature?.outputs).toMatchObject([{ shape: [-1, 3] }]);
    expect(data?.file).toBe('0_StaticEmbedding/model.safetensors');
  });

  it.each([
    [{}, 512],
    [{ max_length: 100 }, 100],
    [{ max_length: null }, null],
  ])('is one of model2vec, whose texts %j cut to %s tokens', async (config, maxTokens) => {
    const { pipeline, dtypes } = await inspected({
      ...MODEL2VEC,
      'config.json': { ...MODEL2VEC['config.json'], ...config },
    });

    expect(pipeline).toMatchObject({ maxTokens, normalizes: true });
    expect(dtypes).toEqual(['FP16']);
  });

  it('may share vectors among its tokens', async () => {
    const { memory } = await inspected({
      ...MODEL2VEC,
      'model.safetensors': tensors({
        embeddings: ['F16', 2, WIDTH],
        mapping: ['I64', ROWS],
        weights: ['F32', ROWS],
      }),
    });

    expect(memory).toContainEqual({
      name: 'the vectors of tokens',
      bytes: 2 * WIDTH * 2 + ROWS * 8 + ROWS * 4,
    });
  });

  it('goes into an image without the ONNX beside it', async () => {
    const files = saved(['StaticEmbedding'], { 'onnx/model.onnx': 'its authors have made it' });

    expect((await inspected(files)).leftOut).toEqual(['onnx/model.onnx']);
  });
});

describe('vectors of tokens are refused', () => {
  it.each<[string, HuggingFaceFiles, string]>([
    [
      'before a Dense',
      saved(['StaticEmbedding', 'Dense']),
      'has the modules `StaticEmbedding`, `Dense`; this version serves',
    ],
    [
      'in a file of torch',
      saved(['StaticEmbedding'], {
        'model.safetensors': undefined,
        'pytorch_model.bin': 'PK',
      }),
      'model.safetensors is missing, with the vectors of tokens',
    ],
    [
      'under another name',
      saved(['StaticEmbedding'], { 'model.safetensors': tensors({ a: ['F32', 2, 2] }) }),
      'has the tensors `a`; a table of vectors is one of embedding.weight, embeddings',
    ],
    [
      'that are no table',
      saved(['StaticEmbedding'], { 'model.safetensors': tensors({ embeddings: ['F32', 4] }) }),
      'with a row for each token',
    ],
    [
      'of a type that is none of numbers',
      saved(['StaticEmbedding'], { 'model.safetensors': tensors({ embeddings: ['U8', 4, 2] }) }),
      'has `embeddings` as UINT8 of 4 x 2; it takes FP32, FP16, BF16, FP64, INT8 of 4 x 2',
    ],
    [
      'that share vectors among another number of tokens',
      saved(['StaticEmbedding'], {
        'model.safetensors': tensors({
          embeddings: ['F32', 2, 2],
          mapping: ['I64', 5],
          weights: ['F32', 4],
        }),
      }),
      'has `weights` as FP32 of 4; it takes FP32, FP16, BF16, FP64, INT8 of 5',
    ],
    [
      'without a tokenizer',
      saved(['StaticEmbedding'], { 'tokenizer.json': undefined }),
      'has no tokenizer.json',
    ],
  ])('%s', async (_, files, message) => {
    await expect(inspected(files)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining(message),
      fix: expect.stringMatching(/\.$/),
    });
  });

  it('where int8 is asked for, with the way to save them so', async () => {
    const files = saved(['StaticEmbedding']);

    await expect(inspected(files, { runtime: { optimize: 'int8' } })).rejects.toMatchObject({
      message: expect.stringContaining('served as they were saved'),
      fix: expect.stringContaining("quantize_to='int8'"),
    });
  });
});

it.each(['BoW', 'WordEmbeddings', 'SpladePooling'])(
  'a folder of sentence-transformers without a config.json is named by its modules: %s',
  async (kind) => {
    await expect(inspected(saved([kind, 'Pooling']))).rejects.toMatchObject({
      message: expect.stringContaining(`has the modules \`${kind}\`, \`Pooling\``),
      fix: expect.stringContaining('predict.py'),
    });
  },
);

function inspected(files: HuggingFaceFiles, said: object = {}) {
  const manifest = manifestSchema.parse(said);
  return inspectFiles(huggingFaceFiles(files), { maxBytes: GIB, manifest });
}
