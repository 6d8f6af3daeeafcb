import { manifestSchema } from '#domain/manifest/manifest.ts';
import { inspectFiles } from '#formats/inspect.ts';
import {
  type HuggingFaceFiles,
  huggingFaceFiles,
  safetensorsOf,
} from '../support/models/hugging-face.ts';

const VIT = {
  architectures: ['ViTForImageClassification'],
  model_type: 'vit',
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 16,
  image_size: 48,
  id2label: { 0: 'cat', 1: 'dog' },
};
const PROCESSOR = { image_processor_type: 'ViTImageProcessor', size: { height: 48, width: 56 } };
const HEADER = { w: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } };
const SAFETENSORS: HuggingFaceFiles = {
  'model.onnx': undefined,
  'model.safetensors': safetensorsOf(HEADER, 8),
};

describe('a folder over images says of itself', () => {
  it('its labels, its processor and what reaches the network, and an image as example', async () => {
    const { pipeline, signature, example, requirements, memory } = await inspected();

    expect(pipeline).toMatchObject({
      task: 'image-classification',
      architecture: 'ViTForImageClassification',
      labels: ['cat', 'dog'],
      maxTokens: null,
      tokenizer: null,
      image: { processor: 'ViTImageProcessor', width: 56, height: 48, isPrepared: true },
    });
    expect(signature).toMatchObject({
      inputs: [{ name: 'image', datatype: 'BYTES' }],
      outputs: [{ name: 'label' }, { name: 'score' }],
    });
    expect(example).toMatchObject({ body: { inputs: expect.stringMatching(/^iVBORw0KGgo/) } });
    expect(requirements).toEqual([]);
    expect(memory.map(({ name }) => name)).toContain('the activations of 56 x 48 pixels');
  });

  it('that safetensors need transformers, and Pillow, which resizes', async () => {
    const { requirements } = await inspected({}, SAFETENSORS);

    expect(requirements).toEqual([
      expect.stringMatching(/^torch==/),
      expect.stringMatching(/^transformers==/),
      expect.stringMatching(/^pillow/),
      expect.stringMatching(/^onnxscript/),
    ]);
  });

  it('what it takes where transformers serves it, which ONNX never does', async () => {
    const { unconverted } = await inspected({}, SAFETENSORS);

    expect(unconverted?.map(({ name }) => name)).toEqual([
      'the server, PyTorch and transformers',
      'the weights',
      'an image of 25 million pixels',
      'the activations of 56 x 48 pixels',
    ]);
    expect((await inspected()).unconverted).toBeUndefined();
  });

  it.each<[string, object, object]>([
    ['of one number', { size: 32 }, { width: 32, height: 32 }],
    ['of a list', { size: [20, 30] }, { width: 30, height: 20 }],
    ['of a shorter edge', { size: { shortest_edge: 40 } }, { width: 40, height: 40 }],
    [
      'of what is cut out',
      { do_center_crop: true, crop_size: { height: 10, width: 12 } },
      { width: 12, height: 10 },
    ],
    ['that is not told', { size: null }, { width: 224, height: 224 }],
  ])('the size %s', async (_, settings, size) => {
    expect((await inspected(settings)).pipeline?.image).toMatchObject(size);
  });

  it('what it is by an older name, and beside a text processor', async () => {
    const older = {
      feature_extractor_type: 'ViTFeatureExtractor',
      image_processor_type: undefined,
    };
    const shared = { 'processor_config.json': { image_processor: { ...PROCESSOR, size: 32 } } };

    expect((await inspected(older)).pipeline?.image?.processor).toBe('ViTImageProcessor');
    expect((await inspected({}, shared)).pipeline?.image?.width).toBe(32);
  });

  it.each<[string, object]>([
    ['another processor', { image_processor_type: 'PerceiverImageProcessor' }],
    ['padding', { do_pad: true }],
    ['a filter that Pillow has not', { resample: 9 }],
    ['a longest edge', { size: { shortest_edge: 40, longest_edge: 60 } }],
  ])('that the ONNX server does not prepare for it, with %s', async (_, settings) => {
    const { pipeline } = await inspected(settings, SAFETENSORS);

    expect(pipeline?.image?.isPrepared).toBe(false);
  });
});

describe('a folder over images is refused', () => {
  it.each<[string, HuggingFaceFiles, string]>([
    ['without its processor', { 'preprocessor_config.json': undefined }, 'no preprocessor_config'],
    ['whose processor has no name', { 'preprocessor_config.json': {} }, 'names no image processor'],
    [
      'whose processor is code of its author',
      { 'preprocessor_config.json': { ...PROCESSOR, auto_map: { AutoImageProcessor: 'x.X' } } },
      'preprocessor_config.json has auto_map',
    ],
    [
      'in ONNX with a processor that the server has not',
      {
        'preprocessor_config.json': { ...PROCESSOR, image_processor_type: 'SamImageProcessor' },
      },
      'prepares images by `SamImageProcessor`',
    ],
  ])('%s', async (_, files, message) => {
    await expect(inspected({}, files)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining(message),
      fix: expect.stringMatching(/\.$/),
    });
  });
});

function inspected(settings: object = {}, files: HuggingFaceFiles = {}) {
  const own = {
    'config.json': VIT,
    'tokenizer.json': undefined,
    'tokenizer_config.json': undefined,
    'preprocessor_config.json': { ...PROCESSOR, ...settings },
  };
  const manifest = manifestSchema.parse({});
  return inspectFiles(huggingFaceFiles({ ...own, ...files }), { maxBytes: 2 ** 30, manifest });
}
