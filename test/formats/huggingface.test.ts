import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { manifestSchema } from '#domain/manifest/manifest.ts';
import { refuseUnquantizable } from '#formats/huggingface/int8.ts';
import { readSafetensors } from '#formats/huggingface/safetensors.ts';
import { inspectFiles } from '#formats/inspect.ts';
import { bytesSource, fileSource } from '../support/bytes/sources.ts';
import {
  BERT,
  type HuggingFaceFiles,
  huggingFaceFiles,
  safetensorsOf,
  TOKENIZER,
} from '../support/models/hugging-face.ts';
import { identityModel } from '../support/models/onnx.ts';
import { model, tensor } from '../support/models/onnx-graph.ts';
import { temporaryFolder } from '../support/slipway/running.ts';

const GIB = 2 ** 30;
const ONNX = identityModel({ datatype: 'FP32', shape: ['n'] });
const F32 = (...offsets: readonly number[]) => ({
  dtype: 'F32',
  shape: [2],
  data_offsets: offsets,
});
const SENTENCES: HuggingFaceFiles = {
  'config.json': { ...BERT, architectures: ['BertModel'], id2label: undefined },
  'modules.json': modules('Transformer', 'Pooling', 'Normalize'),
  '1_Pooling/config.json': { pooling_mode_mean_tokens: true, pooling_mode_cls_token: false },
  'sentence_bert_config.json': { max_seq_length: 16 },
};

const CROSS_ENCODER: HuggingFaceFiles = {
  'modules.json': modules('Transformer'),
  'sentence_bert_config.json': { transformer_task: 'sequence-classification' },
};

describe('a folder of Hugging Face says of itself', () => {
  it('its task, its labels, its tokenizer and its weights', async () => {
    expect(await inspected()).toMatchObject({
      format: 'huggingface',
      formatVersion: 'BertForSequenceClassification, onnx',
      modelFile: '.',
      data: { file: 'model.onnx', format: 'onnx', modelClass: null },
      pipeline: {
        task: 'text-classification',
        architecture: 'BertForSequenceClassification',
        labels: ['NO', 'YES'],
        maxTokens: 32,
        pooling: null,
        normalizes: false,
        tokenizer: 'WordPiece',
        hasChatTemplate: false,
      },
      modelType: 'bert',
      dtype: 'float32',
      transformersVersion: '4.57.1',
      hiddenSize: 8,
      example: { protocol: 'invocations', body: { inputs: expect.any(String) } },
    });
  });

  it('how sentence-transformers makes a vector of a text', async () => {
    expect((await inspected(SENTENCES)).pipeline).toMatchObject({
      task: 'feature-extraction',
      pooling: 'mean',
      normalizes: true,
      maxTokens: 16,
    });
  });

  it('how many numbers of a vector sentence-transformers keeps', async () => {
    const { pipeline, signature } = await inspected({
      ...SENTENCES,
      'config_sentence_transformers.json': { truncate_dim: 4 },
    });

    expect(pipeline).toMatchObject({ dimensions: 4 });
    expect(signature?.outputs).toMatchObject([{ shape: [-1, 4] }]);
  });

  it('what sentence-transformers puts before each text, and that it takes small letters', async () => {
    const { pipeline } = await inspected({
      ...SENTENCES,
      'sentence_bert_config.json': { do_lower_case: true },
      'config_sentence_transformers.json': {
        prompts: { query: 'query: ', passage: 'passage: ' },
        default_prompt_name: 'query',
      },
    });

    expect(pipeline).toMatchObject({ prompt: 'query: ', lowers: true });
  });

  it.each([
    ['torch.nn.modules.activation.Sigmoid', 'sigmoid'],
    ['torch.nn.modules.linear.Identity', 'none'],
  ])('that it is a cross encoder, and what is made of its scores: %s', async (said, activation) => {
    const { pipeline } = await inspected({
      ...CROSS_ENCODER,
      'config_sentence_transformers.json': { model_type: 'CrossEncoder', activation_fn: said },
    });

    expect(pipeline).toMatchObject({ task: 'text-classification', pooling: null, activation });
  });

  it('that its network lies below its modules', async () => {
    const { data, modelFile } = await inspected({
      'config.json': undefined,
      'tokenizer.json': undefined,
      'tokenizer_config.json': undefined,
      'modules.json': modules('Transformer', 'Pooling').map((each) =>
        each.idx === 0 ? { ...each, path: '0_Transformer' } : each,
      ),
      '0_Transformer/config.json': BERT,
      '0_Transformer/tokenizer.json': TOKENIZER,
      '1_Pooling/config.json': { pooling_mode_cls_token: true },
    });

    expect({ data, modelFile }).toMatchObject({ data: { file: 'model.onnx' }, modelFile: '.' });
  });

  it.each([
    ['BertForTokenClassification', 'token-classification'],
    ['DistilBertForQuestionAnswering', 'question-answering'],
    ['RobertaForMaskedLM', 'fill-mask'],
    ['MPNetModel', 'feature-extraction'],
    ['T5EncoderModel', 'feature-extraction'],
  ])('by the name %s that it does %s', async (architecture, task) => {
    const { pipeline, signature } = await inspected({
      'config.json': { ...BERT, architectures: [architecture] },
    });

    expect(pipeline?.task).toBe(task);
    expect(signature?.inputs.map(({ datatype }) => datatype)).toContain('BYTES');
  });

  it('that a position or two of RoBERTa are no room for text', async () => {
    const { pipeline } = await inspected({
      'config.json': { ...BERT, model_type: 'roberta', max_position_embeddings: 514 },
    });

    expect(pipeline?.maxTokens).toBe(512);
  });

  it('that its tokenizer allows less than its network', async () => {
    const { pipeline } = await inspected({ 'tokenizer_config.json': { model_max_length: 20 } });

    expect(pipeline?.maxTokens).toBe(20);
  });

  it.each<[string, HuggingFaceFiles, string]>([
    [
      'the unquantized ONNX',
      { 'onnx/model.onnx': ONNX, 'onnx/model_quantized.onnx': ONNX, 'model.onnx': undefined },
      'onnx/model.onnx',
    ],
    [
      'the quantized, where there is no other',
      { 'onnx/model_quantized.onnx': ONNX, 'model.onnx': undefined },
      'onnx/model_quantized.onnx',
    ],
    ['the only one', { 'model_O4.onnx': ONNX, 'model.onnx': undefined }, 'model_O4.onnx'],
  ])('that it is served by %s', async (_, files, file) => {
    expect((await inspected(files)).data?.file).toBe(file);
  });
});

describe('weights in a file of torch, of before there were safetensors,', () => {
  const ONE = { 'model.onnx': undefined, 'pytorch_model.bin': torchFile('dense.bin') };

  it('are read like any, where there are no others', async () => {
    expect(await inspected(ONE)).toMatchObject({
      formatVersion: 'BertForSequenceClassification, torch',
      data: { file: 'pytorch_model.bin', format: 'huggingface' },
      requirements: expect.arrayContaining([expect.stringMatching(/^transformers==/)]),
      parameters: 36,
      weightBytes: 144,
      dtypes: ['FP32'],
      weights: [{ name: 'linear.bias' }, { name: 'linear.weight', bytes: 128 }],
    });
  });

  it('may lie in several', async () => {
    const weight_map = {
      'linear.weight': 'pytorch_model-1.bin',
      'linear.bias': 'pytorch_model-1.bin',
    };
    const { data, parameters, leftOut } = await inspected({
      'model.onnx': undefined,
      'pytorch_model.bin.index.json': { weight_map },
      'pytorch_model-1.bin': torchFile('dense.bin'),
    });

    expect({ data, parameters, leftOut }).toMatchObject({
      data: { file: 'pytorch_model.bin.index.json' },
      parameters: 36,
    });
    expect(leftOut).toBeUndefined();
  });

  it('stay behind where there are safetensors', async () => {
    const safetensors = safetensorsOf({ w: F32(0, 8) }, 8);
    const { data, leftOut } = await inspected({ ...ONE, 'model.safetensors': safetensors });

    expect(data?.file).toBe('model.safetensors');
    expect(leftOut).toEqual(['pytorch_model.bin']);
  });
});

describe('a folder that was downloaded whole', () => {
  const TENSORS = safetensorsOf({ w: F32(0, 8) }, 8);
  const OTHERS = {
    'pytorch_model.bin': Buffer.alloc(9),
    'tf_model.h5': Buffer.alloc(8),
    'flax_model.msgpack': Buffer.alloc(7),
    'rust_model.ot': Buffer.alloc(6),
    'openvino/openvino_model.bin': Buffer.alloc(5),
    'coreml/text-classification/model.mlmodel': Buffer.alloc(4),
    'README.md': 'A model.',
    'vocab.txt': 'a',
  };
  const FOREIGN = Object.keys(OTHERS).slice(0, 5);

  it('leaves weights of other frameworks beside its safetensors out of its image', async () => {
    const files = { ...OTHERS, 'model.onnx': undefined, 'model.safetensors': TENSORS };

    expect((await inspected(files)).leftOut).toEqual(FOREIGN);
  });

  it('leaves other ONNX and the safetensors out, where ONNX is served', async () => {
    const files = {
      ...OTHERS,
      'model.onnx': undefined,
      'onnx/model.onnx': ONNX,
      'onnx/model_quantized.onnx': Buffer.alloc(3),
      'onnx/model_O4.onnx': Buffer.alloc(2),
      'onnx/model_O4.onnx_data': Buffer.alloc(1),
      'model.safetensors': TENSORS,
    };

    const { data, leftOut } = await inspected(files);

    expect(data?.file).toBe('onnx/model.onnx');
    expect(leftOut).toEqual(
      expect.arrayContaining([
        ...FOREIGN,
        'model.safetensors',
        'onnx/model_quantized.onnx',
        'onnx/model_O4.onnx',
        'onnx/model_O4.onnx_data',
      ]),
    );
    expect(leftOut).toHaveLength(FOREIGN.length + 4);
  });

  it('keeps what its ONNX reads, whatever it is called', async () => {
    const weights = tensor(
      'w',
      'FP32',
      [2],
      [
        13,
        [
          [1, 'location'],
          [2, 'model.safetensors'],
        ],
      ],
      [14, 1],
    );
    const reading = model({
      inputs: [{ name: 'x', datatype: 'FP32', shape: [2] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [2] }],
      nodes: [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }],
      initializers: [weights],
    });

    const { leftOut } = await inspected({
      'model.onnx': reading,
      'model.safetensors': TENSORS,
      'tf_model.h5': Buffer.alloc(8),
    });

    expect(leftOut).toEqual(['tf_model.h5']);
  });

  it('keeps the weights of the modules of sentence-transformers', async () => {
    const { leftOut } = await inspected({
      ...SENTENCES,
      '1_Pooling/pytorch_model.bin': Buffer.alloc(8),
      'pytorch_model.bin': Buffer.alloc(8),
    });

    expect(leftOut).toEqual(['pytorch_model.bin']);
  });

  it('leaves what a training would go on with out, and its other checkpoints', async () => {
    const ofTraining = [
      'checkpoint-500/model.safetensors',
      'checkpoint-500/tokenizer.json',
      'global_step5/mp_rank_00_model_states.pt',
      'optimizer.pt',
      'rng_state_0.pth',
      'runs/Nov28/events.out.tfevents.1',
      'scheduler.pt',
      'training_args.bin',
    ];
    const { leftOut } = await inspected({
      'model.onnx': undefined,
      'model.safetensors': safetensorsOf({ w: F32(0, 8) }, 8),
      'trainer_state.json': {},
      ...Object.fromEntries(ofTraining.map((name) => [name, 'of a training'])),
    });

    expect(leftOut?.toSorted()).toEqual(ofTraining);
  });

  it('has nothing to leave out where that is all', async () => {
    expect(await inspected()).not.toHaveProperty('leftOut');
  });
});

describe('int8 is asked for', () => {
  const INT8 = { runtime: { optimize: 'int8' } };
  const SAFETENSORS = {
    'model.onnx': undefined,
    'model.safetensors': safetensorsOf({ w: F32(0, 8) }, 8),
  };

  it('of an encoder in safetensors, which its build tries', async () => {
    expect(await inspected(SAFETENSORS, INT8)).toMatchObject({ data: { format: 'huggingface' } });
  });

  it.each<[string, HuggingFaceFiles, string]>([
    ['ONNX, which is served as it is', {}, 'Upload model.safetensors instead'],
    [
      'a language model',
      {
        ...SAFETENSORS,
        'config.json': { ...BERT, architectures: ['GPT2LMHeadModel'], id2label: undefined },
      },
      'Take runtime.optimize out of model.yaml.',
    ],
  ])('of %s, and refused with what to do', async (what, files, fix) => {
    await expect(inspected(files, INT8)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining(what),
      fix: expect.stringContaining(fix),
    });
  });

  it('of any other model, and refused', async () => {
    const given = { ...INT8, model: { path: 'model.onnx' } };

    await expect(inspected({}, given)).rejects.toThrow(
      'runtime.optimize is int8, which is for encoders of texts in safetensors; this model is onnx',
    );
  });

  it('of pictures, and refused', async () => {
    const facts = await inspected(SAFETENSORS);
    const pipeline = { ...facts.pipeline!, task: 'image-classification' } as const;

    expect(() => refuseUnquantizable(manifestSchema.parse(INT8), { ...facts, pipeline })).toThrow(
      'this model is for image-classification',
    );
  });

  it('of ONNX that is quantized, which it is', async () => {
    const facts = { ...(await inspected()), dtypes: ['FP32', 'INT8'] };

    expect(() => refuseUnquantizable(manifestSchema.parse(INT8), facts)).not.toThrow();
  });
});

describe('a decoder', () => {
  const decoder = (over: object = {}) => ({
    'config.json': {
      ...BERT,
      architectures: ['LlamaForCausalLM'],
      model_type: 'llama',
      num_key_value_heads: 1,
      id2label: undefined,
      ...over,
    },
    'model.onnx': undefined,
    'model.safetensors': safetensorsOf({ w: F32(0, 8) }, 8),
  });

  it('says what GPUs hold of it: half of single precision, and the cache of as many as a GPU answers at once', async () => {
    expect((await inspected(decoder())).gpuModel).toEqual({
      weightBytes: 4,
      // Two layers, of one head of keys and values with four numbers each.
      cacheWidth: 2 * 2 * 4,
      embeddingLength: 8,
      feedForwardLength: 16,
      vocabulary: 10,
      heads: 2,
      contextLength: 32,
      contextTokens: 32,
      requestsAtOnce: 8,
      isBfloat16: false,
    });
  });

  it('is none for GPUs where its configuration does not tell its shape, and an encoder never is', async () => {
    expect((await inspected(decoder({ num_attention_heads: undefined }))).gpuModel).toBeUndefined();
    expect((await inspected()).gpuModel).toBeUndefined();
  });
});

describe('a network without a tokenizer.json', () => {
  const saved = (more: HuggingFaceFiles) => ({
    'tokenizer.json': undefined,
    'model.onnx': undefined,
    'model.safetensors': safetensorsOf({ w: F32(0, 8) }, 8),
    ...more,
  });

  it.each<[string, HuggingFaceFiles, boolean]>([
    ['a list of tokens', { 'vocab.txt': '[PAD]' }, false],
    ['tokens and what is merged', { 'vocab.json': {}, 'merges.txt': 'a b' }, false],
    ["SentencePiece's own file", { 'spiece.model': '\n' }, true],
    ['the same under another name', { 'tokenizer.model': '\n' }, true],
  ])('is served by transformers, which makes its tokenizer of %s', async (_, files, isPieced) => {
    const { pipeline, requirements, memory, unconverted } = await inspected(saved(files));

    expect(pipeline?.isTokenMade).toBe(true);
    expect(requirements.some((each) => each.startsWith('sentencepiece'))).toBe(isPieced);
    expect(requirements.some((each) => each.startsWith('onnxscript'))).toBe(false);
    expect(memory[0]?.name).toContain('transformers');
    expect(unconverted).toBeUndefined();
  });

  it.each<[string, HuggingFaceFiles]>([
    ['merges alone', { 'merges.txt': 'a b' }],
    ["tiktoken's texts", { 'tokenizer.model': 'IQ== 0' }],
    ['a file of nothing', { 'tokenizer.model': '' }],
    ['a list beside ONNX', { 'vocab.txt': '[PAD]', 'model.onnx': ONNX }],
  ])('is refused with %s', async (_, files) => {
    await expect(inspected(saved(files))).rejects.toThrow('has no tokenizer.json');
  });
});

describe('a network that translates', () => {
  const marian = (more: HuggingFaceFiles = {}) => ({
    'config.json': { ...BERT, architectures: ['MarianMTModel'], model_type: 'marian' },
    'tokenizer.json': undefined,
    'tokenizer_config.json': { tokenizer_class: 'MarianTokenizer' },
    'vocab.json': {},
    'source.spm': 'x',
    'target.spm': 'x',
    'model.onnx': undefined,
    'model.safetensors': safetensorsOf({ w: F32(0, 8) }, 8),
    ...more,
  });

  it('is served without a tokenizer.json where its tokenizer has none', async () => {
    const { pipeline, language, requirements } = await inspected(marian());

    expect(pipeline?.task).toBe('text2text-generation');
    expect(language).toBeDefined();
    expect(requirements).toContainEqual(expect.stringMatching(/^sentencepiece==/));
  });

  it.each<[string, HuggingFaceFiles]>([
    ['without one of its files', { 'source.spm': undefined }],
    ['of another kind', { 'tokenizer_config.json': { tokenizer_class: 'XLMTokenizer' } }],
  ])('is refused with a tokenizer %s', async (_, more) => {
    await expect(inspected(marian(more))).rejects.toThrow('has no tokenizer.json');
  });

  it('may be of an encoder and a decoder of any kind', async () => {
    const { pipeline } = await inspected({
      ...marian({ 'tokenizer.json': TOKENIZER }),
      'config.json': { architectures: ['EncoderDecoderModel'], model_type: 'encoder-decoder' },
    });

    expect(pipeline?.task).toBe('text2text-generation');
  });
});

describe('quantized weights', () => {
  const decoder = (over: object) => ({
    'config.json': { ...BERT, architectures: ['LlamaForCausalLM'], id2label: undefined, ...over },
    'model.onnx': undefined,
    'model.safetensors': safetensorsOf({ w: F32(0, 8) }, 8),
  });

  it.each(['gptq', 'awq', 'fp8'])(
    'by %s are for GPUs, and are said to be',
    async (quant_method) => {
      const files = decoder({ quantization_config: { quant_method } });

      expect(await inspected(files)).toMatchObject({ quantizer: quant_method });
    },
  );

  it.each<[string, object, string]>([
    [
      'by MLX',
      { quantization: { group_size: 64, bits: 4 } },
      "config.json has weights that MLX quantized, which only MLX on Apple's chips reads",
    ],
    [
      'by another',
      { quantization_config: { quant_method: 'vptq' } },
      'config.json has weights that were quantized by `vptq`; this version serves awq, ',
    ],
    ['by what is not said', { quantization_config: {} }, 'quantized by `a way of its own`'],
    [
      'of an encoder',
      { architectures: ['BertModel'], quantization_config: { quant_method: 'bitsandbytes' } },
      '`BertModel` does feature-extraction with weights that were quantized by bitsandbytes',
    ],
  ])('%s are refused with what to upload', async (_, over, message) => {
    await expect(inspected(decoder(over))).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining(message),
      fix: expect.stringContaining('the model before it was quantized'),
    });
  });
});

describe('a network of transformers that is not over texts', () => {
  const vision = { vision_config: {}, text_config: {} };

  it.each<[string, object, string]>([
    ['WhisperForConditionalGeneration', {}, 'automatic-speech-recognition'],
    ['Wav2Vec2ForCTC', {}, 'automatic-speech-recognition'],
    ['SpeechT5ForTextToSpeech', {}, 'text-to-audio'],
    ['Wav2Vec2ForSequenceClassification', {}, 'audio-classification'],
    ['VideoMAEForVideoClassification', {}, 'video-classification'],
    ['ClapModel', {}, 'zero-shot-audio-classification'],
    ['CLIPModel', vision, 'zero-shot-image-classification'],
    ['CLIPVisionModelWithProjection', {}, 'image-feature-extraction'],
    ['ViTModel', { num_channels: 3, vocab_size: undefined }, 'image-feature-extraction'],
    ['SegformerForSemanticSegmentation', {}, 'image-segmentation'],
    ['OwlViTForObjectDetection', {}, 'zero-shot-object-detection'],
    ['DetrForObjectDetection', {}, 'object-detection'],
    ['DPTForDepthEstimation', {}, 'depth-estimation'],
    ['LlavaForConditionalGeneration', vision, 'image-text-to-text'],
    ['Qwen2AudioForConditionalGeneration', { audio_config: {} }, 'audio-text-to-text'],
    ['T5ForConditionalGeneration', { chronos_config: {} }, 'time-series-forecasting'],
  ])('%s is refused by its task and its size', async (architecture, over, task) => {
    const files = {
      'config.json': { ...BERT, id2label: undefined, architectures: [architecture], ...over },
      'model.onnx': undefined,
      'model.safetensors': safetensorsOf({ w: F32(0, 8) }, 8),
    };

    await expect(inspected(files)).rejects.toMatchObject({
      message: `\`${architecture}\` (2 parameters, 8 bytes of weights in FP32) does ${task}, which this version does not serve from such a folder`,
      fix: expect.stringContaining('--write-predict'),
    });
  });
});

describe('a network that transformers does not know', () => {
  const files = (over: object): HuggingFaceFiles => ({
    'config.json': { ...BERT, id2label: undefined, ...over },
    'model.onnx': undefined,
    'model.safetensors': safetensorsOf({ w: F32(0, 8) }, 8),
  });

  it.each<[string, object, string]>([
    [
      'of a type of its own',
      { architectures: ['NewModel'], model_type: 'new' },
      'config.json has the model_type `new` (`NewModel`), of which transformers 5.24.0 has none',
    ],
    [
      'of a type that does other tasks',
      { architectures: ['T5ForMaskedLM'], model_type: 't5' },
      'config.json has the model_type `t5` (`T5ForMaskedLM`), of which transformers 5.24.0 has none that does fill-mask',
    ],
  ])('%s is refused before anything is installed', async (_, over, message) => {
    await expect(inspected(files(over))).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message,
      fix: expect.stringContaining('with the packages that know it in its requirements.txt'),
    });
  });

  it('by no type at all is refused with the way to save it', async () => {
    await expect(inspected(files({ model_type: undefined }))).rejects.toMatchObject({
      message: 'config.json has no model_type, by which transformers loads a network',
      fix: expect.stringContaining('save_pretrained'),
    });
  });

  it('may be one that vLLM knows', async () => {
    const decoder = { architectures: ['NewForCausalLM'], model_type: 'new' };

    expect(await inspected(files(decoder))).toMatchObject({ unknownType: 'new' });
  });

  it('is served from its ONNX', async () => {
    const config = { ...BERT, model_type: 'new' };

    expect((await inspected({ 'config.json': config })).unknownType).toBeUndefined();
  });
});

describe('a folder of Hugging Face is refused', () => {
  it.each<[string, HuggingFaceFiles, readonly string[]]>([
    [
      'whose configuration names code of its author',
      { 'config.json': { ...BERT, auto_map: { AutoModel: 'modeling_x.XModel' } } },
      ['config.json has auto_map', 'trust_remote_code'],
    ],
    [
      'whose network within another names code of its author',
      { 'config.json': { ...BERT, text_config: { auto_map: { AutoModel: 'modeling_x.XModel' } } } },
      ['config.json has auto_map', 'trust_remote_code'],
    ],
    [
      'whose list of networks has one that names code of its author',
      { 'config.json': { ...BERT, parts: [[{ backbone_config: { auto_map: { A: 'x.X' } } }]] } },
      ['config.json has auto_map'],
    ],
    [
      'whose processor names code of its author',
      { 'processor_config.json': { auto_map: { AutoProcessor: 'x.X' } } },
      ['processor_config.json has auto_map'],
    ],
    [
      'whose generation names code of its author',
      { 'generation_config.json': { nested: { auto_map: { A: 'x.X' } } } },
      ['generation_config.json has auto_map'],
    ],
    [
      'whose tokenizer names code of its author',
      { 'tokenizer_config.json': { auto_map: { AutoTokenizer: ['x.XTokenizer', null] } } },
      ['tokenizer_config.json has auto_map'],
    ],
    [
      'whose modules are code of its author',
      {
        ...SENTENCES,
        'modules.json': [{ idx: 0, name: '0', path: '', type: 'custom_st.Transformer' }],
      },
      ['`custom_st.Transformer`', 'trust_remote_code'],
    ],
    [
      'whose modules are more than it serves',
      { ...SENTENCES, 'modules.json': modules('Transformer', 'Pooling', 'LSTM') },
      ['`Transformer`, `Pooling`, `LSTM`'],
    ],
    [
      'whose cross encoder makes of its scores what no other does',
      {
        ...CROSS_ENCODER,
        'config_sentence_transformers.json': {
          model_type: 'CrossEncoder',
          activation_fn: 'own.Activation',
        },
      },
      ['the activation_fn `own.Activation`', 'Sigmoid and Identity'],
    ],
    [
      'whose usual prompt is not there',
      { ...SENTENCES, 'config_sentence_transformers.json': { default_prompt_name: 'query' } },
      ['no prompt of its default_prompt_name, `query`'],
    ],
    [
      'that leaves its prompt out of its pooling',
      {
        ...SENTENCES,
        '1_Pooling/config.json': { pooling_mode: 'mean', include_prompt: false },
        'config_sentence_transformers.json': { prompts: { q: 'q: ' }, default_prompt_name: 'q' },
      },
      ['leaves the prompt `q: ` out of its pooling'],
    ],
    [
      'that joins what it pools',
      { ...SENTENCES, '1_Pooling/config.json': { pooling_mode: ['cls', 'mean'] } },
      ['pools by `cls` and `mean`'],
    ],
    [
      'whose module is outside its folder',
      {
        ...SENTENCES,
        'modules.json': [
          { idx: 0, path: '../x', type: 'sentence_transformers.models.Transformer' },
        ],
      },
      ['outside its folder'],
    ],
    [
      'that pools in two ways',
      {
        ...SENTENCES,
        '1_Pooling/config.json': { pooling_mode_mean_tokens: true, pooling_mode_cls_token: true },
      },
      ['pools by `cls` and `mean`'],
    ],
    [
      'that pools as none does here',
      { ...SENTENCES, '1_Pooling/config.json': { pooling_mode: 'median' } },
      ['pools by `median`'],
    ],
    ['that pools by nothing', { ...SENTENCES, '1_Pooling/config.json': {} }, ['pools by nothing']],
    ['without its pooling', { ...SENTENCES, '1_Pooling/config.json': undefined }, ['is missing']],
    ['without an architecture', { 'config.json': { model_type: 'bert' } }, ['no architecture']],
    [
      'of a task that no pipeline has',
      { 'config.json': { ...BERT, architectures: ['BertForMultipleChoice'] } },
      ['`BertForMultipleChoice`'],
    ],
    [
      'over sound, whose vectors no pipeline makes',
      { 'config.json': { ...BERT, architectures: ['Wav2Vec2Model'] } },
      ['`Wav2Vec2Model`, whose task'],
    ],
    [
      'that writes texts',
      { 'config.json': { ...BERT, architectures: ['GPT2LMHeadModel'] } },
      ['`GPT2LMHeadModel` (', 'does text-generation'],
    ],
    ['whose configuration is no JSON', { 'config.json': '{"model_type":' }, ['is not JSON']],
    [
      'whose labels have a gap',
      { 'config.json': { ...BERT, id2label: { 0: 'a', 2: 'b' } } },
      ['2 labels in id2label, but none', 'for 1'],
    ],
    [
      'with more labels than are kept',
      {
        'config.json': {
          ...BERT,
          id2label: Object.fromEntries(Array.from({ length: 2001 }, (_, id) => [id, `${id}`])),
        },
      },
      ['2001 labels; the limit is 2000'],
    ],
    ['without a tokenizer', { 'tokenizer.json': undefined }, ['no tokenizer.json']],
    [
      'whose weights are of another framework',
      { 'model.onnx': undefined, 'pytorch_model.bin.md5': 'x', 'a.safetensors': '' },
      ['no model.safetensors, no pytorch_model.bin and no ONNX file'],
    ],
    [
      "whose file of torch is none of today's",
      { 'model.onnx': undefined, 'pytorch_model.bin': 'x' },
      ['pytorch_model.bin is not a zip: torch has written zips since 1.6'],
    ],
    [
      'whose file of torch would run a command',
      {
        'model.onnx': undefined,
        'pytorch_model.bin': torchFile('hostile/weights-run-a-command.pt'),
      },
      ['pytorch_model.bin'],
    ],
    [
      'whose file of torch is a checkpoint',
      { 'model.onnx': undefined, 'pytorch_model.bin': torchFile('checkpoint.ckpt') },
      ['pytorch_model.bin holds more than the weights of a module'],
    ],
    [
      'whose files of torch lack a tensor of their list',
      {
        'model.onnx': undefined,
        'pytorch_model.bin.index.json': { weight_map: { a: 'pytorch_model-1.bin' } },
        'pytorch_model-1.bin': torchFile('dense.bin'),
      },
      ['pytorch_model.bin.index.json names the tensor `a`, which no part has'],
    ],
    [
      'of several ONNX files, none by the usual name',
      { 'model.onnx': undefined, 'a.onnx': ONNX, 'b.onnx': ONNX },
      ['2 ONNX files could be the model'],
    ],
    ['whose ONNX is damaged', { 'model.onnx': 'x' }, ['model.onnx']],
  ])('%s', async (_, files, messages) => {
    const outcome = await inspected(files).catch((error: unknown) => error);

    expect(outcome).toMatchObject({ name: 'ArtifactRejected', fix: expect.stringMatching(/\.$/) });
    for (const message of messages)
      expect(outcome).toHaveProperty('message', expect.stringContaining(message));
  });

  it('whose manifest names one of its files and yet the folder', async () => {
    const manifest = manifestSchema.parse({ model: { path: 'model.onnx', format: 'huggingface' } });

    await expect(
      inspectFiles(huggingFaceFiles(), { maxBytes: GIB, manifest }),
    ).rejects.toMatchObject({ message: expect.stringContaining('is served whole') });
  });

  it('as a folder where its manifest names the file alone', async () => {
    const manifest = manifestSchema.parse({ model: { path: 'model.onnx' } });
    const { format } = await inspectFiles(huggingFaceFiles(), { maxBytes: GIB, manifest });

    expect(format).toBe('onnx');
  });
});

describe('safetensors are read', () => {
  it('by their header alone', async () => {
    const header = {
      __metadata__: { format: 'pt' },
      a: F32(0, 8),
      b: { dtype: 'I64', shape: [], data_offsets: [8, 16] },
      c: { dtype: 'BF16', shape: [0, 5], data_offsets: [16, 16] },
    };
    const { parameters, bytes, byType } = await readSafetensors(
      bytesSource(safetensorsOf(header, 16)),
      'model.safetensors',
    );

    expect({ parameters, bytes, byType: [...byType] }).toEqual({
      parameters: 3,
      bytes: 16,
      byType: [
        ['FP32', 8],
        ['INT64', 8],
        ['BF16', 0],
      ],
    });
  });

  it('of 20 GB without the weights', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'model.safetensors');
    const each = 2 * 2 ** 20;
    const tensors = Array.from({ length: 10_240 }, (_, at) => [
      `model.layers.${at}.mlp.down_proj.weight`,
      { dtype: 'BF16', shape: [1024, 1024], data_offsets: [at * each, (at + 1) * each] },
    ]);
    const head = safetensorsOf(Object.fromEntries(tensors), 0);
    const file = await open(path, 'w');
    await file.write(head);
    await file.truncate(head.length + 20 * GIB);
    await file.close();
    const source = await fileSource(path);
    const { parameters } = await readSafetensors(source, path);

    expect(parameters).toBe(10_240 * 2 ** 20);
    expect(source.readBytes).toBeLessThan(2 * 2 ** 20);
  });

  it.each<[string, Buffer, string]>([
    ['cut within the length of its header', Buffer.alloc(9), 'it has 9 bytes'],
    ['with a header beyond its end', safetensorsOf({}, 0, 2n ** 63n), 'but 2 follow'],
    [
      'with a header that is too long',
      safetensorsOf(`{${' '.repeat(9 * 2 ** 20)}}`, 0),
      'the limit is 8388608',
    ],
    ['with a header that is no JSON', safetensorsOf('{"a":', 0), 'no JSON object'],
    ['with a header that is a list', safetensorsOf([], 0), 'no JSON object'],
    ['with a tensor that is a text', safetensorsOf({ a: 'x' }, 0), '`a` is no JSON object'],
    [
      'with a type that it has none of',
      safetensorsOf({ a: { ...F32(0, 8), dtype: 'Q4' } }, 8),
      'the type `Q4`',
    ],
    [
      'with a shape below 0',
      safetensorsOf({ a: { ...F32(0, 8), shape: [-2] } }, 8),
      '`a` has no shape',
    ],
    ['without a place', safetensorsOf({ a: { dtype: 'F32', shape: [2] } }, 8), 'has no place'],
    [
      'with more elements than can be counted',
      safetensorsOf({ a: { ...F32(0, 8), shape: [2 ** 40, 2 ** 40] } }, 8),
      'elements',
    ],
    [
      'whose shape and bytes disagree',
      safetensorsOf({ a: { ...F32(0, 8), shape: [3] } }, 8),
      '3 elements of F32 take 12',
    ],
    [
      'whose tensors overlap',
      safetensorsOf({ a: F32(0, 8), b: F32(4, 12) }, 12),
      '`b` begins at byte 4 of the data, not at 8',
    ],
    [
      'with a tensor twice, of which readers take the last',
      safetensorsOf(`{"a":${JSON.stringify(F32(0, 8))},"a":${JSON.stringify(F32(8, 16))}}`, 16),
      '`a` begins at byte 8 of the data, not at 0',
    ],
    ['with a gap', safetensorsOf({ a: F32(8, 16) }, 16), 'not at 0'],
    ['with a tensor beyond its end', safetensorsOf({ a: F32(0, 8) }, 4), 'but 4 bytes follow'],
    ['with bytes of no tensor', safetensorsOf({ a: F32(0, 8) }, 9), 'but 9 bytes follow'],
  ])('and refused %s', async (_, bytes, message) => {
    await expect(readSafetensors(bytesSource(bytes), 'm.safetensors')).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining(message),
    });
  });

  it.each<[string, object, HuggingFaceFiles, string]>([
    [
      'a part that is not there',
      { a: 'x-2.safetensors' },
      {},
      '`x-2.safetensors`, which is not there',
    ],
    ['a part elsewhere', { a: '../x-1.safetensors' }, {}, 'which is not there'],
    [
      'a tensor that no part has',
      { a: 'x-1.safetensors', z: 'x-1.safetensors' },
      {},
      'the tensor `z`',
    ],
    [
      'two parts with one tensor',
      { a: 'x-1.safetensors', b: 'x-2.safetensors' },
      { 'x-2.safetensors': safetensorsOf({ a: F32(0, 8) }, 8) },
      'x-2.safetensors has the tensor `a`',
    ],
  ])('and refused in parts with a list of %s', async (_, map, files, message) => {
    const outcome = inspected({
      'model.onnx': undefined,
      'model.safetensors.index.json': { weight_map: map },
      'x-1.safetensors': safetensorsOf({ a: F32(0, 8) }, 8),
      ...files,
    });

    await expect(outcome).rejects.toMatchObject({ message: expect.stringContaining(message) });
  });

  it('and refused with a list that has none', async () => {
    const outcome = inspected({
      'model.onnx': undefined,
      'model.safetensors.index.json': { weight_map: { a: 1 } },
      'x-1.safetensors': '',
    });

    await expect(outcome).rejects.toMatchObject({
      message: expect.stringContaining('has no weight_map'),
    });
  });
});

function modules(...kinds: readonly string[]) {
  return kinds.map((kind, idx) => ({
    idx,
    name: `${idx}`,
    path: idx === 0 ? '' : `${idx}_${kind}`,
    type: `sentence_transformers.models.${kind}`,
  }));
}

function inspected(files: HuggingFaceFiles = {}, given: object = {}) {
  const manifest = manifestSchema.parse(given);
  return inspectFiles(huggingFaceFiles(files), { maxBytes: 64 * GIB, manifest });
}

function torchFile(name: string): Buffer {
  return readFileSync(new URL(`../fixtures/torch/${name}`, import.meta.url));
}
