import { gzipSync } from 'node:zlib';
import type { Format } from '#domain/artifact/format.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { findModel } from '#formats/find-model.ts';
import { inspectPythonCode } from '#formats/python/inspect.ts';
import { inspectSagemaker } from '#formats/sagemaker/inspect.ts';
import { memoryFile } from '../support/bytes/archive-files.ts';
import { tarOf } from '../support/bytes/tar.ts';
import { zipOf } from '../support/bytes/zip.ts';
import {
  artifactOf,
  expectedOf,
  inspectData,
  modelsOf,
  servedSignature,
} from '../support/models/saved.ts';

const PICKLE = Buffer.from('\x80\x04\x95', 'latin1');
const CODE = 'def predict(rows): return rows';
const LEARNER = '{"learner":{}}';
const MLMODEL = 'flavors: {}';

const OPTIONS = { maxBytes: 2 ** 30, format: 'auto', path: null } as const;

type Contents = Readonly<Record<string, string | Uint8Array>>;

function artifact(contents: Contents): readonly ArtifactFile[] {
  return Object.entries(contents).map(([name, content]) => memoryFile(name, content));
}

function zip(contents: Contents): Buffer {
  return zipOf(Object.entries(contents).map(([name, content]) => ({ name, content })));
}

function tar(contents: Contents): Buffer {
  return gzipSync(tarOf(...Object.entries(contents).map(([name, content]) => ({ name, content }))));
}

describe('the model of an artifact is found:', () => {
  it.each<[string, Contents, Format, string | null, string]>([
    ['one pickle', { 'm.pkl': PICKLE, 'README.md': '' }, 'sklearn', 'm.pkl', '.'],
    ['one joblib in gzip', { 'm.joblib.gz': '' }, 'sklearn', 'm.joblib.gz', '.'],
    ['a pickle without a name', { model: PICKLE }, 'sklearn', 'model', '.'],
    ['one skops file', { 'm.skops': '' }, 'skops', 'm.skops', '.'],
    ['XGBoost in JSON', { 'm.json': LEARNER, 'c.json': '{}' }, 'xgboost', 'm.json', '.'],
    ['XGBoost as SageMaker calls it', { 'xgboost-model': '' }, 'xgboost', 'xgboost-model', '.'],
    ['XGBoost in binary', { 'm.model': 'binf' }, 'xgboost', 'm.model', '.'],
    ['LightGBM in text', { 'm.txt': 'tree\nversion=v4\n', 'n.txt': 'x' }, 'lightgbm', 'm.txt', '.'],
    ['CatBoost', { 'm.cbm': 'CBM1' }, 'catboost', 'm.cbm', '.'],
    ['Keras', { 'm.keras': '' }, 'keras', 'm.keras', '.'],
    ['TensorFlow Lite', { 'm.tflite': '' }, 'tflite', 'm.tflite', '.'],
    [
      'a SavedModel',
      { 'a/1/saved_model.pb': '', 'a/1/variables/variables.index': '' },
      'savedmodel',
      null,
      'a/1',
    ],
    [
      'a pipeline of spaCy',
      { 'en/meta.json': '{"spacy_version":">=3.8"}', 'en/config.cfg': '', 'en/vocab/key2row': '' },
      'spacy',
      null,
      'en',
    ],
    ['an MLflow folder', { MLmodel: MLMODEL, 'model.pkl': PICKLE }, 'mlflow', null, '.'],
    ['an MLflow folder below', { 'a/MLmodel': MLMODEL, 'a/m.pkl': '' }, 'mlflow', null, 'a'],
    ['handlers for SageMaker', { 'code/inference.py': '', 'm.joblib': '' }, 'sagemaker', null, '.'],
    ['plain Python', { 'predict.py': CODE, 'requirements.txt': '' }, 'python', null, '.'],
    ['plain Python below', { 'a/predict.py': CODE, 'a/requirements.txt': '' }, 'python', null, 'a'],
    [
      'the code of a model, which may be what it was trained by, with a file it does not name',
      { 'model.py': CODE, 'requirements.txt': '', 'm.pkl': PICKLE },
      'sklearn',
      'm.pkl',
      '.',
    ],
    [
      'the code of a model that loads a file',
      { 'model.py': `${CODE}\nopen("m.pkl")`, 'requirements.txt': '', 'm.pkl': PICKLE },
      'python',
      null,
      '.',
    ],
    ...['m.pkl', 'm.pt', 'm.onnx', 'saved_model.pb', 'MLmodel', 'code/inference.py'].map(
      (name): [string, Contents, Format, null, string] => [
        `a predict.py before ${name}, with or without packages`,
        { 'predict.py': CODE, [name]: '' },
        'python',
        null,
        '.',
      ],
    ),
    [
      'a folder of Hugging Face before the ONNX file in it',
      { 'm/config.json': '{"model_type": "bert"}', 'm/onnx/model.onnx': '' },
      'huggingface',
      null,
      'm',
    ],
    [
      'the folder around the modules of sentence-transformers',
      {
        'm/modules.json': '[]',
        'm/0_Transformer/config.json': '{"model_type": "bert"}',
        'm/0_Transformer/model.safetensors': '',
        'm/1_Pooling/config.json': '{"pooling_mode_cls_token": true}',
      },
      'huggingface',
      null,
      'm',
    ],
    [
      'a predict.py before a Hugging Face model',
      { 'predict.py': CODE, 'config.json': '{"model_type": "bert"}', 'm.safetensors': '' },
      'python',
      null,
      '.',
    ],
    [
      'a model beside a predict.py that answers nothing',
      { 'predict.py': 'import joblib\nprint(joblib.load("m.pkl"))', 'm.pkl': PICKLE },
      'sklearn',
      'm.pkl',
      '.',
    ],
    [
      'a model beside litter',
      { '__MACOSX/._m.pkl': PICKLE, '.DS_Store': '', 'm.pkl': PICKLE },
      'sklearn',
      'm.pkl',
      '.',
    ],
  ])('%s', async (_, contents, format, file, root) => {
    for (const [files, archives] of [
      [artifact(contents), []],
      [[memoryFile('a.zip', zip(contents))], ['a.zip']],
      [[memoryFile('b.zip', zip({ 'a.zip': zip(contents) }))], ['b.zip', 'a.zip']],
    ] as const) {
      const found = await findModel(files, OPTIONS);

      expect(found).toMatchObject({ format, root, archives, fileFormat: file && format });
      expect(found.file?.name ?? null).toBe(file);
    }
  });

  it.each([
    { says: 'one ONNX file', beside: {} },
    {
      says: 'the file of an MLflow folder of ONNX',
      beside: { 'a/MLmodel': 'flavors: {onnx: {data: m.onnx}}', 'a/python_env.yaml': '' },
    },
  ])('$says, which no build unpacks', async ({ beside }) => {
    const contents = { 'a/m.onnx': '', ...beside };
    const packed = [memoryFile('a.zip', zip(contents))];

    expect(await findModel(artifact(contents), OPTIONS)).toMatchObject({
      format: 'onnx',
      root: 'a',
      archives: [],
      fileFormat: 'onnx',
      file: { name: 'a/m.onnx' },
    });
    await expect(findModel(packed, OPTIONS)).rejects.toThrow(
      'a/m.onnx is in a.zip; an ONNX model is not served from an archive',
    );
  });

  it('the file of a tar in gzip as one that SageMaker packed', async () => {
    const files = [memoryFile('model.tar.gz', tar({ 'model.joblib': PICKLE }))];

    expect(await findModel(files, OPTIONS)).toMatchObject({
      format: 'sagemaker',
      fileFormat: 'sklearn',
      archives: ['model.tar.gz'],
    });
  });

  it('but an archive only where nothing else is a model', async () => {
    const files = artifact({ 'm.onnx': '', 'data.zip': 'not even one' });

    expect(await findModel(files, OPTIONS)).toMatchObject({ format: 'onnx', archives: [] });
  });

  it('the one which the manifest names', async () => {
    const files = artifact({ 'a.onnx': '', 'b.onnx': '', 'c.pkl': PICKLE });

    expect(await findModel(files, { ...OPTIONS, path: 'b.onnx' })).toMatchObject({
      file: { name: 'b.onnx' },
    });
    expect(await findModel(files, { ...OPTIONS, format: 'sklearn' })).toMatchObject({
      file: { name: 'c.pkl' },
    });
    expect(
      await findModel(artifact({ 'predict.py': CODE, 'c.pkl': PICKLE }), {
        ...OPTIONS,
        path: 'c.pkl',
      }),
    ).toMatchObject({ format: 'sklearn' });
  });
});

describe('an artifact is refused', () => {
  it.each<[string, Contents, readonly string[]]>([
    ['of two ONNX files', { 'a.onnx': '', 'b.onnx': '' }, ['`a.onnx` and `b.onnx` are two models']],
    ['of two kinds of files', { 'a.onnx': '', 'b.pkl': PICKLE }, ['`a.onnx`', '`b.pkl`']],
    ['of two MLflow folders', { 'a/MLmodel': '', 'b/MLmodel': '' }, ['`a/MLmodel`', '`b/MLmodel`']],
    ['of two archives', { 'a.zip': '', 'b.tar.gz': '' }, ['`a.zip` and `b.tar.gz`']],
    ['of nothing known', { 'a.xyz': '', 'b.md': '' }, ['no model among `a.xyz`, `b.md`']],
    ['of nothing', {}, ['no model among no files']],
    [
      'of code without an entry',
      { 'predict.py': 'x = 1' },
      ['no model among', 'neither a function `predict`'],
    ],
    ['of the code of a model alone', { 'model.py': CODE }, ['no model among']],
    ['of code by another name', { 'mine.py': CODE }, ['no model among `mine.py`']],
    [
      'of an image that does not say where it answers',
      { Dockerfile: '', 'm.onnx': '' },
      ['Dockerfile makes this an image of your own, but model.yaml does not say where it answers'],
    ],
    ['of Cog', { 'cog.yaml': '', 'predict.py': CODE, 'requirements.txt': '' }, ['a Cog model']],
    ['of Truss', { 'config.yaml': '', 'model/model.py': CODE }, ['a Truss']],
    ['of BentoML', { 'bento.yaml': '', 'm.pkl': PICKLE }, ['a BentoML service']],
    ['of Cog and BentoML', { 'cog.yaml': '', 'bento.yaml': '' }, ['`cog.yaml` and `bento.yaml`']],
    [
      'of Triton',
      { 'm/config.pbtxt': 'backend: "python"', 'm/1/model.py': '' },
      ['a Triton model of'],
    ],
    [
      'of an adapter of Hugging Face',
      { 'adapter_config.json': '{"peft_type": "LORA"}', 'adapter_model.safetensors': 'abc' },
      ['an adapter (LoRA) without the model that it adapts', '3 bytes of weights'],
    ],
    [
      'of SetFit, whose embeddings are a model too',
      {
        'config_setfit.json': '{"labels": ["bad", "good"]}',
        'model_head.pkl': PICKLE,
        'modules.json': '[{"path": "", "type": "sentence_transformers.models.Transformer"}]',
        'config.json': '{"architectures": ["BertModel"], "model_type": "bert"}',
        'model.safetensors': 'ab',
      },
      ['config_setfit.json makes this a model of SetFit', 'it has 2 bytes of weights'],
    ],
    [
      'of GLiNER',
      { 'gliner_config.json': '{"max_width": 12}', 'pytorch_model.bin': '' },
      ['a model of GLiNER'],
    ],
    [
      'of timm',
      {
        'config.json': '{"architecture": "resnet50", "pretrained_cfg": {"input_size": [3, 8, 8]}}',
        'model.safetensors': 'abc',
      },
      ['config.json makes this a model of timm', 'it has 3 bytes of weights'],
    ],
    [
      'of OpenCLIP',
      { 'open_clip_config.json': '{}', 'open_clip_model.safetensors': 'ab' },
      ['a model of OpenCLIP'],
    ],
    [
      'that DeepSpeed keeps in pieces',
      { 'zero_to_fp32.py': '', 'config.json': '{}', 'global_step5/mp_rank_00_model_states.pt': '' },
      ['a checkpoint of DeepSpeed', 'in pieces'],
    ],
    [
      'that FSDP keeps in pieces',
      { 'config.json': '{}', 'pytorch_model_fsdp_0/__0_0.distcp': '' },
      ['a sharded checkpoint of torch (FSDP)'],
    ],
    [
      'of a pipeline of diffusers, whose parts are models too',
      {
        'm/model_index.json': '{"_class_name": "StableDiffusionPipeline"}',
        'm/text_encoder/config.json': '{"architectures": ["CLIPTextModel"]}',
        'm/text_encoder/model.safetensors': 'ab',
        'm/unet/config.json': '{"_class_name": "UNet2DConditionModel"}',
        'm/unet/diffusion_pytorch_model.safetensors': 'abcd',
      },
      ['m/model_index.json makes this a pipeline of diffusers', 'it has 6 bytes of weights'],
    ],
    [
      'for ONNX Runtime GenAI',
      {
        'genai_config.json': '{"model": {"type": "phi3"}}',
        'model.onnx': '',
        'model.onnx.data': '',
      },
      ['a model for ONNX Runtime GenAI'],
    ],
    [
      'of CTranslate2',
      { 'm/model.bin': '', 'm/config.json': '{}', 'm/shared_vocabulary.json': '[]' },
      ['m/model.bin makes this a model of CTranslate2'],
    ],
    [
      'of PaddlePaddle',
      { 'inference.pdmodel': '', 'inference.pdiparams': 'abc' },
      ['a model of PaddlePaddle', '3 bytes of weights'],
    ],
    ['of Orbax', { 'a/_CHECKPOINT_METADATA': '{}', 'a/d/x': '' }, ['a checkpoint of Orbax']],
    [
      'of weights of Flax beside their configuration',
      { 'config.json': '{"model_type": "bert"}', 'flax_model.msgpack': '' },
      ['config.json makes this a Hugging Face model'],
    ],
    [
      'of a tokenizer alone',
      { 'tokenizer.json': '{}', 'tokenizer_config.json': '{}', 'special_tokens_map.json': '{}' },
      ['tokenizer.json makes this a tokenizer alone, without the model that reads its tokens'],
    ],
    [
      'of two folders of Hugging Face',
      {
        'a/config.json': '{"model_type": "bert"}',
        'a/model.safetensors': '',
        'b/config.json': '{"model_type": "bert"}',
        'b/model.onnx': '',
      },
      ['`a/config.json` and `b/config.json` are two models'],
    ],
    [
      'of a SavedModel in text',
      { 'saved_model.pbtxt': '', 'variables/variables.index': '' },
      ['a TensorFlow SavedModel in text'],
    ],
    [
      'of Core ML',
      { 'm.mlpackage/Data/com.apple.CoreML/model.mlmodel': '', 'm.mlpackage/Manifest.json': '{}' },
      ['a Core ML package'],
    ],
    ['of safetensors', { 'm.safetensors': '' }, ['m.safetensors is a safetensors file']],
    ['of TorchServe', { 'm.mar': '' }, ['m.mar is a TorchServe archive']],
    [
      'of an archive in an archive in an archive',
      { 'a.zip': zip({ 'b.zip': zip({ 'c.zip': zip({ 'm.onnx': '' }) }) }) },
      ['c.zip is nested in too many archives'],
    ],
    [
      'of an archive with nothing known',
      { 'a.zip': zip({ 'b.xyz': '' }) },
      ['no model among `b.xyz` in `a.zip`'],
    ],
    [
      "of a handler of Hugging Face's endpoints, whose folder has a model too",
      {
        'handler.py': 'import torch\n\nclass EndpointHandler:\n',
        'config.json': '{"model_type": "bert"}',
        'model.safetensors': '',
      },
      ["handler.py makes this a handler of Hugging Face's Inference Endpoints", 'otherwise'],
    ],
    [
      'of AutoGluon',
      { 'predictor.pkl': PICKLE, 'learner.pkl': PICKLE, 'models/a/model.pkl': PICKLE },
      ['predictor.pkl makes this a predictor of AutoGluon'],
    ],
    [
      'of Spark ML',
      { 'metadata/part-00000': '{"class":"org.apache.spark.ml.PipelineModel"}', 'stages/0': '' },
      ['metadata/part-00000 makes this a model of Spark ML'],
    ],
    [
      'of H2O',
      { 'm.zip': zip({ 'model.ini': '[info]\nh2o_version = 3.46\n' }) },
      ['model.ini makes this a MOJO of H2O'],
    ],
    ['of ML.NET', { 'm.zip': zip({ 'TransformerChain/Model.key': '' }) }, ['a model of ML.NET']],
    [
      'of TensorFlow.js',
      { 'model.json': '{"weightsManifest": []}', 'group1-shard1of1.bin': 'abc' },
      ['model.json makes this a model of TensorFlow.js', '3 bytes of weights'],
    ],
    ['of DVC', { 'model.pkl.dvc': 'outs:\n' }, ['a pointer of DVC, which points to a file']],
    [
      'of a program',
      { 'app/main.py': 'import os\nfrom fastapi import FastAPI\n', 'requirements.txt': '' },
      ['app/main.py makes this a program that answers requests itself'],
    ],
    [
      'of a Modelfile',
      { Modelfile: 'FROM ./x.gguf\nSYSTEM "hi"' },
      ['Modelfile makes this a Modelfile of Ollama, which names a model but is not one'],
    ],
    ['of a notebook', { 'm.ipynb': '{}', 'train.csv': '' }, ['m.ipynb makes this a notebook']],
    [
      'of data',
      { 'README.md': '', 'x.parquet': '', 'y.npy': '' },
      ['x.parquet makes this data, of which a model may be made'],
    ],
    [
      'of a Git LFS pointer',
      { 'm.json': '', 'm.txt': 'version https://git-lfs.github.com/spec/v1' },
      ['Git LFS pointer'],
    ],
  ])('%s', async (_, contents, messages) => {
    const outcome = await findModel(artifact(contents), OPTIONS).catch((error: unknown) => error);

    expect(outcome).toMatchObject({ name: 'ArtifactRejected', fix: expect.stringMatching(/\.$/) });
    for (const message of messages) expect(String(outcome)).toContain(message);
  });

  it('but not of a whole whose file the manifest names', async () => {
    const files = artifact({ 'genai_config.json': '{"model": {}}', 'model.onnx': '' });

    expect(await findModel(files, { ...OPTIONS, path: 'model.onnx' })).toMatchObject({
      format: 'onnx',
    });
  });

  it.each(['app.py', 'Modelfile', 'm.ipynb', 'train.csv'])(
    'nor is a model for a %s beside it',
    async (name) => {
      const files = artifact({ 'm.onnx': '', [name]: 'FROM x\nimport flask\n' });

      expect(await findModel(files, OPTIONS)).toMatchObject({ format: 'onnx' });
    },
  );

  it('nor is an adapter one beside the whole model', async () => {
    const whole = {
      'adapter_config.json': '{"peft_type": "LORA"}',
      'config.json': '{"model_type": "bert"}',
      'model.safetensors': '',
    };

    expect(await findModel(artifact(whole), OPTIONS)).toMatchObject({ format: 'huggingface' });
  });

  it.each([
    'm.safetensors',
    'm.mar',
    'frozen.pb',
    'm.pte',
    'm.pdparams',
    'm.msgpack',
    'm.ftz',
    'm.kv',
    'm.vec',
  ])('of %s with predict.py as a way to serve it', async (name) => {
    await expect(findModel(artifact({ [name]: '' }), OPTIONS)).rejects.toMatchObject({
      fix: expect.stringContaining('predict.py that loads it'),
    });
  });

  it('which has not what the manifest says', async () => {
    const files = artifact({ 'a.onnx': '' });

    await expect(findModel(files, { ...OPTIONS, path: 'b.onnx' })).rejects.toThrow('`b.onnx`');
    await expect(findModel(files, { ...OPTIONS, format: 'xgboost' })).rejects.toThrow(
      'no model of the format xgboost',
    );
  });
});

describe('of what SageMaker packs', () => {
  it.each(modelsOf('sagemaker'))('%s says what is in it', async (name) => {
    const expected = expectedOf('sagemaker', name);
    const { entrypoint, requirements, framework, modelFile } = expected.facts;
    const found = await findModel(artifactOf('sagemaker', name), OPTIONS);

    const facts = await inspectSagemaker(found.files, found.root, {
      model: found.file && { file: found.file, format: found.fileFormat! },
      inspectData,
    });

    expect(found).toMatchObject({ format: 'sagemaker', archives: [name] });
    expect(facts).toMatchObject({ format: 'sagemaker', entrypoint });
    if (requirements) return expect(facts.requirements).toEqual(requirements);
    expect(facts).toMatchObject({ framework, signature: servedSignature(expected) });
    expect(found.file?.name).toBe(modelFile);
  });

  it('code without a handler is refused', async () => {
    const files = artifact({ 'code/inference.py': 'x = 1' });

    await expect(inspectSagemaker(files, '.', { model: null, inspectData })).rejects.toThrow(
      'none of the handlers',
    );
  });
});

it.each(modelsOf('python'))('plain Python in %s is found and says what it needs', async (name) => {
  const { entrypoint, pythonVersion, requirements } = expectedOf('python', name).facts;

  const found = await findModel(artifactOf('python', name), OPTIONS);

  expect(found).toMatchObject({ format: 'python', archives: name.endsWith('.zip') ? [name] : [] });
  expect(await inspectPythonCode(found.files, found.root)).toMatchObject({
    entrypoint,
    pythonVersion,
    requirements,
  });
});

it.each(modelsOf('mlflow'))('the MLflow folder %s is found', async (name) => {
  expect(await findModel(artifactOf('mlflow', name), OPTIONS)).toMatchObject({
    format: 'mlflow',
    root: '.',
  });
});
