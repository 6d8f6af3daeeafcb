import { readFileSync } from 'node:fs';
import { manifestSchema } from '#domain/manifest/manifest.ts';
import { inspectFiles } from '#formats/inspect.ts';
import {
  BERT,
  type HuggingFaceFiles,
  huggingFaceFiles,
  safetensorsOf,
} from '../support/models/hugging-face.ts';
import { model } from '../support/models/onnx-graph.ts';

const GIB = 2 ** 30;
const TENSORS = '2_Dense/model.safetensors';
const WIDTH = BERT.hidden_size;
const DENSE = {
  in_features: WIDTH,
  out_features: 4,
  bias: true,
  activation_function: 'torch.nn.modules.activation.Tanh',
};

/** A folder of these modules, whose network is in safetensors. */
function sentences(kinds: readonly string[], files: HuggingFaceFiles = {}): HuggingFaceFiles {
  return {
    'config.json': { ...BERT, architectures: ['BertModel'], id2label: undefined },
    'modules.json': kinds.map((kind, idx) => ({
      idx,
      name: `${idx}`,
      path: idx === 0 ? '' : `${idx}_${kind}`,
      type: `sentence_transformers.base.modules.${kind.toLowerCase()}.${kind}`,
    })),
    '1_Pooling/config.json': { embedding_dimension: WIDTH, pooling_mode: 'mean' },
    'model.onnx': undefined,
    'model.safetensors': tensors({ a: [2] }),
    ...files,
  };
}

const ofDense = (config: object = {}, weights: HuggingFaceFiles = { [TENSORS]: STATE }) =>
  sentences(['Transformer', 'Pooling', 'Dense'], {
    '2_Dense/config.json': { ...DENSE, ...config },
    ...weights,
  });

const ofPickle = (name: string) => ({
  ...ofDense({}, {}),
  '2_Dense/pytorch_model.bin': readFileSync(new URL(`../fixtures/torch/${name}`, import.meta.url)),
});

const STATE = tensors({ 'linear.weight': [4, WIDTH], 'linear.bias': [4] });

describe('what sentence-transformers has after its pooling', () => {
  it('is read in its order, with the width of the vector in the end', async () => {
    const { pipeline, signature, parameters } = await inspected(
      sentences(['Transformer', 'Pooling', 'LayerNorm', 'Dropout', 'Dense', 'Normalize'], {
        '2_LayerNorm/config.json': { dimension: WIDTH },
        '2_LayerNorm/model.safetensors': tensors({ 'norm.weight': [WIDTH], 'norm.bias': [WIDTH] }),
        '3_Dropout/config.json': { dropout: 0.1 },
        '4_Dense/config.json': { ...DENSE, use_residual: true },
        '4_Dense/model.safetensors': tensors({
          'linear.weight': [4, WIDTH],
          'linear.bias': [4],
          'residual.weight': [4, WIDTH],
        }),
      }),
    );

    expect(pipeline).toMatchObject({
      task: 'feature-extraction',
      normalizes: true,
      modules: [
        { kind: 'LayerNorm', path: '2_LayerNorm' },
        { kind: 'Dense', path: '4_Dense', activation: 'Tanh', isResidual: true },
      ],
    });
    expect(signature?.outputs).toMatchObject([{ shape: [-1, 4] }]);
    expect(parameters).toBe(2 + 2 * WIDTH + 2 * 4 * WIDTH + 4);
  });

  it('may have its weights in a file of torch', async () => {
    const { pipeline, parameters } = await inspected(ofPickle('dense.bin'));

    expect(pipeline?.modules).toEqual([{ kind: 'Dense', path: '2_Dense', activation: 'Tanh' }]);
    expect(parameters).toBe(2 + 4 * WIDTH + 4);
  });

  it('has tanh where its Dense names no activation', async () => {
    const { pipeline } = await inspected(ofDense({ activation_function: undefined }));

    expect(pipeline?.modules).toMatchObject([{ activation: 'Tanh' }]);
  });

  it('is told only where it has something', async () => {
    const { pipeline } = await inspected(sentences(['Transformer', 'Pooling', 'Normalize']));

    expect(pipeline).not.toHaveProperty('modules');
  });

  it.each([
    ['mean_sqrt_len_tokens', 'mean_sqrt_len'],
    ['weightedmean', 'weightedmean'],
    ['lasttoken', 'lasttoken'],
  ])('comes after the pooling %s', async (pooling_mode, pooling) => {
    const config = { embedding_dimension: WIDTH, pooling_mode };
    const files = { '1_Pooling/config.json': config };
    const { pipeline } = await inspected(sentences(['Transformer', 'Pooling'], files));

    expect(pipeline).toMatchObject({ pooling });
  });
});

describe('of the weights of such a folder', () => {
  const hidden = graph('last_hidden_state');

  it('the safetensors are served where the ONNX beside them ends before its modules', async () => {
    const { data } = await inspected({ ...ofDense(), 'onnx/model.onnx': hidden });

    expect(data).toMatchObject({ file: 'model.safetensors', format: 'huggingface' });
  });

  it('the ONNX is served where it makes the vectors of texts itself', async () => {
    const whole = graph('sentence_embedding');
    const { data } = await inspected({ ...ofDense(), 'onnx/model.onnx': whole });

    expect(data).toMatchObject({ file: 'onnx/model.onnx', format: 'onnx' });
  });

  it('those of a network in a folder of its own are found there', async () => {
    const { 'config.json': config, 'model.safetensors': weights, ...files } = ofDense();
    const [first, ...others] = files['modules.json'] as readonly object[];
    const { data } = await inspected({
      ...files,
      'config.json': undefined,
      'tokenizer.json': undefined,
      'modules.json': [{ ...first, path: '0_Transformer' }, ...others],
      '0_Transformer/config.json': config,
      '0_Transformer/tokenizer.json': { model: { type: 'WordPiece', vocab: {} } },
      '0_Transformer/model.safetensors': weights,
    });

    expect(data).toMatchObject({ file: '0_Transformer/model.safetensors' });
  });

  it('nothing is served where there is but ONNX that ends before its modules', async () => {
    const files = { ...ofDense(), 'model.safetensors': undefined, 'onnx/model.onnx': hidden };

    await expect(inspected(files)).rejects.toMatchObject({
      message: expect.stringContaining('ends before the modules `Dense`'),
      fix: expect.stringContaining('optimum-cli export onnx --library sentence_transformers'),
    });
  });
});

describe('a module is refused', () => {
  it.each<[string, HuggingFaceFiles, string]>([
    [
      'whose activation is code of its author',
      ofDense({ activation_function: 'own.Swish' }),
      'the activation_function `own.Swish`; this version has Identity, Tanh',
    ],
    [
      'whose activation is a function of torch that no module is',
      ofDense({ activation_function: 'torch.hub.load' }),
      'the activation_function `torch.hub.load`',
    ],
    [
      'over the vectors of tokens',
      ofDense({ module_input_name: 'token_embeddings' }),
      'the module_input_name `token_embeddings`',
    ],
    ['without its width', ofDense({ out_features: undefined }), 'no in_features and out_features'],
    ['without weights', ofDense({}, {}), '2_Dense has no model.safetensors'],
    [
      'whose weights have other names',
      ofDense({}, { [TENSORS]: tensors({ weight: [4, WIDTH] }) }),
      '2_Dense has the weights `weight`; its config.json asks for linear.weight, linear.bias',
    ],
    [
      'whose weights have other sizes',
      ofDense({ out_features: 5 }),
      'the weights in 2_Dense are 36 numbers; its config.json asks for 45',
    ],
    [
      'that takes another width than the pooling answers',
      { ...ofDense(), '1_Pooling/config.json': { embedding_dimension: 9, pooling_mode: 'mean' } },
      'the Dense in 2_Dense takes 8 numbers, but what comes before it answers 9',
    ],
    [
      'whose file of torch would run a command',
      ofPickle('hostile/weights-run-a-command.pt'),
      '2_Dense/pytorch_model.bin',
    ],
    ['whose file of torch is of before 1.6', ofPickle('legacy.pth'), 'is not a zip'],
    ['whose file of torch is a checkpoint', ofPickle('checkpoint.ckpt'), 'holds more than'],
    [
      'that goes one of several ways',
      sentences(['Router', 'Normalize']),
      'has the modules `Router`, `Normalize`',
    ],
    [
      'after a network that takes texts by a chat template',
      {
        ...sentences(['Transformer', 'Pooling']),
        'sentence_bert_config.json': { modality_config: { text: {}, message: {} } },
      },
      'has the modality `message`',
    ],
    [
      'after a network that does another task',
      {
        ...sentences(['Transformer', 'Pooling']),
        'sentence_bert_config.json': { transformer_task: 'fill-mask' },
      },
      'has the transformer_task `fill-mask`; this version pools what feature-extraction says',
    ],
  ])('%s', async (_, files, message) => {
    await expect(inspected(files)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining(message),
      fix: expect.stringMatching(/\.$/),
    });
  });
});

it('one that goes several ways is refused with the way to save one of them', async () => {
  await expect(inspected(sentences(['Router']))).rejects.toMatchObject({
    fix: expect.stringContaining('model[0].sub_modules["document"]'),
  });
});

function graph(output: string) {
  return model({
    inputs: [{ name: 'input_ids', datatype: 'FP32', shape: ['n'] }],
    outputs: [{ name: output, datatype: 'FP32', shape: ['n'] }],
    nodes: [{ op: 'Identity', inputs: ['input_ids'], outputs: [output] }],
  });
}

function tensors(shapes: Readonly<Record<string, readonly number[]>>): Buffer {
  let end = 0;
  const header = Object.entries(shapes).map(([name, shape]) => {
    const from = end;
    end += 4 * shape.reduce((product, dim) => product * dim, 1);
    return [name, { dtype: 'F32', shape, data_offsets: [from, end] }];
  });
  return safetensorsOf(Object.fromEntries(header), end);
}

function inspected(files: HuggingFaceFiles) {
  const manifest = manifestSchema.parse({});
  return inspectFiles(huggingFaceFiles(files), { maxBytes: GIB, manifest });
}
