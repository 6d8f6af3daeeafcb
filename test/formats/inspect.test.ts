import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { manifestSchema } from '#domain/manifest/manifest.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { inspectFiles } from '#formats/inspect.ts';
import { inspectPath } from '#operations/inspection/inspect-path.ts';
import { bytesSource } from '../support/bytes/sources.ts';
import { EXTERNAL_DATA, externalDataModel, identityModel } from '../support/models/onnx.ts';

const MODEL = identityModel({ datatype: 'FP32', shape: ['n'] });

function file(name: string, content: Uint8Array | string): ArtifactFile {
  const bytes = Buffer.from(content);
  return { name, sizeBytes: bytes.length, open: async () => bytesSource(bytes) };
}

function hex(digits: string): Uint8Array {
  return Buffer.from(digits.replaceAll(' ', ''), 'hex');
}

const MANIFEST = manifestSchema.parse({});

/** A model of each format, as it lies on a disk. */
const SERVED = [
  { folder: 'sklearn', format: 'sklearn', names: ['forest-1.8.pkl', 'forest-1.3-xz.joblib'] },
  { folder: 'skops', format: 'skops', names: ['forest-0.13.skops'] },
  { folder: 'xgboost', format: 'xgboost', names: ['binary-3.4.ubj', 'binary-3.4.json'] },
  { folder: 'lightgbm', format: 'lightgbm', names: ['binary-4.6.txt'] },
  { folder: 'catboost', format: 'catboost', names: ['binary-1.2.10.cbm'] },
  { folder: 'mlflow', format: 'mlflow', names: ['sklearn-3.17', 'pyfunc-2.9'] },
  { folder: 'sagemaker', format: 'sagemaker', names: ['sklearn-bare.tar.gz'] },
  { folder: 'python', format: 'python', names: ['class', 'function.zip'] },
] as const;

const fixturePath = (folder: string, name: string) =>
  fileURLToPath(new URL(`../fixtures/models/${folder}/${name}`, import.meta.url));

function inspect(files: readonly ArtifactFile[], maxBytes: number) {
  return inspectFiles(files, { maxBytes, manifest: MANIFEST });
}

describe('what stands in the place of a model', () => {
  const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 12345\n`;
  const PAGE = '<!DOCTYPE html><html><body>404';
  const DENIED = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>';
  const PICKLED = hex('8004 7d94 2e');
  const CONFIG = '{"model_type": "bert", "architectures": ["BertModel"]}';
  const ENDINGS = 'gguf pt h5 keras tflite cbm ubj lgb skops safetensors zip tar.gz'.split(' ');

  it.each(ENDINGS)('is named where it is called .%s', async (ending) => {
    const refusals = [
      [POINTER, 'a Git LFS pointer, not the file itself', 'git lfs pull'],
      [PAGE, 'an HTML page, not the file itself', 'download the model itself'],
      [DENIED, 'an error that a server answered, not', 'download the model itself'],
      ['{"error":"Repository not found"}', 'an error that a server answered, not', 'download'],
    ] as const;
    for (const [content, message, fix] of refusals) {
      await expect(inspect([file(`m.${ending}`, content)], 1_000)).rejects.toMatchObject({
        name: 'ArtifactRejected',
        message: expect.stringContaining(`m.${ending} is ${message}`),
        fix: expect.stringContaining(fix),
      });
    }
  });

  it.each(['gguf', 'h5', 'keras', 'tflite', 'cbm', 'ubj', 'skops', 'zip'])(
    'is named where it is a pickle called .%s',
    async (ending) => {
      await expect(inspect([file(`m.${ending}`, PICKLED)], 1_000)).rejects.toMatchObject({
        message: `m.${ending} is a pickle, not what its ending says`,
        fix: expect.stringContaining('under a name with the ending of its format'),
      });
    },
  );

  it('is named among the files of a folder', async () => {
    const files = [
      file('bert/config.json', CONFIG),
      file('bert/tokenizer.json', '{}'),
      file('bert/model.safetensors', POINTER),
    ];

    await expect(inspect(files, 10_000)).rejects.toMatchObject({
      message: 'bert/model.safetensors is a Git LFS pointer, not the file itself',
    });
  });

  it.each(['m.pkl.crdownload', 'm.zip.part'])('is a download under way: %s', async (name) => {
    await expect(inspect([file(name, 'x')], 10_000)).rejects.toMatchObject({
      message: `${name} makes this a download that has not ended, and no model yet`,
    });
  });

  it('is not looked for where a model is refused for another reason', async () => {
    const files = [file('MLmodel', 'flavors: []'), file('README.html', PAGE)];

    await expect(inspect(files, 10_000)).rejects.toMatchObject({
      message: expect.stringContaining('MLmodel is not a readable MLmodel'),
    });
  });
});

describe('a class of its own that a skops file names, and the manifest allows,', () => {
  const model = file('m.skops', readFileSync(fixturePath('../own-class-skops', 'm.skops')));
  const manifest = manifestSchema.parse({ model: { allowPickle: ['mytrans.Scaled'] } });
  const options = { maxBytes: 100_000, manifest };

  it('is of a module beside it', async () => {
    expect(await inspectFiles([model, file('mytrans.py', '')], options)).toMatchObject({
      format: 'skops',
    });
  });

  it('is refused where its module is nowhere, with its name and what to do', async () => {
    await expect(inspectFiles([model], options)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: 'm.skops loads `mytrans.Scaled`, and there is no module `mytrans`',
      fix: expect.stringContaining('Put mytrans.py beside it'),
    });
  });
});

describe('a class of its own that a pickle names, and the manifest allows,', () => {
  const pickled = readFileSync(fixturePath('../own-class', 'm.pkl'));
  const model = file('m.pkl', pickled);
  const inspectWith = (files: readonly ArtifactFile[], requirements: readonly string[] = []) => {
    const manifest = manifestSchema.parse({
      model: { allowPickle: ['mytrans.Scaled', 'unused.Name'] },
      build: { requirements },
    });
    return inspectFiles(files, { maxBytes: 10_000, manifest });
  };

  it.each([
    { what: 'is of a module beside it', files: [model, file('mytrans.py', '')] },
    { what: 'is of a package beside it', files: [model, file('mytrans/__init__.py', '')] },
    { what: 'may be of a package that is named', files: [model], requirements: ['mytrans'] },
  ])('$what', async ({ files, requirements }) => {
    expect(await inspectWith(files, requirements)).toMatchObject({ format: 'sklearn' });
  });

  it('is refused where its module is nowhere, with its name and what to do', async () => {
    await expect(inspectWith([model, file('lib/mytrans.py', '')])).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringMatching(
        /^m\.pkl: its pickle loads `mytrans\.Scaled` at byte \d+, and there is no module `mytrans`$/,
      ),
      fix: expect.stringContaining('Put mytrans.py beside it'),
    });
  });
});

describe('an entry point', () => {
  const code = file('predict.py', 'def predict(x): return x');
  const requirements = file('requirements.txt', '');
  const other = file('lib/other.py', 'def answer(x): return x');
  const inspectAs = (entrypoint: string, files: readonly ArtifactFile[]) =>
    inspectFiles(files, { maxBytes: 1000, manifest: { ...MANIFEST, entrypoint } });

  it('is a file of the model', async () => {
    const files = [code, requirements, other];

    expect(await inspectAs('lib/other.py:answer', files)).toMatchObject({
      entrypoint: 'lib/other.py:answer',
    });
  });

  it('that is not there is refused', async () => {
    await expect(inspectAs('gone.py:answer', [code, requirements])).rejects.toThrow(
      'there is no file `gone.py`',
    );
  });

  it('of a model which no code answers for is refused', async () => {
    await expect(inspectAs('predict.py:predict', [file('a.onnx', MODEL)])).rejects.toThrow(
      'has the format onnx',
    );
  });
});

describe('what a framework loads of a folder', () => {
  it.each([
    ['mlflow', 'sklearn-3.17', { file: 'model.skops', format: 'skops' }],
    ['mlflow', 'xgboost-3.17', { format: 'xgboost', modelClass: 'xgboost.core.Booster' }],
    ['sagemaker', 'sklearn-bare.tar.gz', { format: 'sklearn' }],
  ] as const)('%s %s is handed on as it was found', async (folder, name, data) => {
    const { facts } = await inspectPath(fixturePath(folder, name));

    expect(facts.data).toMatchObject(data);
  });

  it('is inspected where handlers leave it to be loaded for them', async () => {
    const handlers = 'def predict_fn(data, model): return model.predict(data)';
    const files = [file('code/inference.py', handlers), file('model.pkl', 'cos\nsystem\n.')];

    await expect(inspect(files, 1000)).rejects.toThrow('os.system');
  });

  it('is theirs where handlers load it', async () => {
    const handlers = 'def model_fn(folder): return 1';
    const files = [file('code/inference.py', handlers), file('model.pkl', 'cos\nsystem\n.')];

    expect(await inspect(files, 1000)).toMatchObject({ format: 'sagemaker' });
  });
});

describe('an artifact', () => {
  it.each(['model.onnx', 'MODEL.ONNX'])('of one file %s is inspected as that', async (name) => {
    expect(await inspect([file(name, MODEL)], 1000)).toMatchObject({
      format: 'onnx',
      formatVersion: 'ai.onnx 17',
      modelFile: name,
      sizeBytes: MODEL.length,
    });
  });

  it('of a folder is inspected by its one model, with the other files beside it', async () => {
    const files = [
      file('README.md', 'a model'),
      file('onnx/model.onnx', externalDataModel('model.onnx_data')),
      file('onnx/model.onnx_data', EXTERNAL_DATA),
    ];

    expect(await inspect(files, 1000)).toMatchObject({
      modelFile: 'onnx/model.onnx',
      sizeBytes: files.reduce((total, { sizeBytes }) => total + sizeBytes, 0),
      externalData: [{ location: 'onnx/model.onnx_data', offset: 0, length: 16 }],
    });
  });

  it('with two models is refused by both their names', async () => {
    const files = [file('a.onnx', MODEL), file('b/c.onnx', MODEL)];

    await expect(inspect(files, 1000)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: '`a.onnx` and `b/c.onnx` are two models; the limit is one model per artifact',
      fix: expect.stringContaining('`model.path`'),
    });
  });

  it('may be as large as the limit, and no larger', async () => {
    const files = [file('a.onnx', MODEL), file('b', 'x')];

    await expect(inspect(files, MODEL.length + 1)).resolves.toBeDefined();
    await expect(inspect(files, MODEL.length)).rejects.toThrow(
      `\`a.onnx\`, \`b\` are ${MODEL.length + 1} bytes; the limit is ${MODEL.length}`,
    );
  });

  it('that is too large is not opened', async () => {
    const unopened = {
      name: 'a.onnx',
      sizeBytes: 2,
      open: () => Promise.reject(new Error('opened')),
    };

    await expect(inspect([unopened], 1)).rejects.toThrow('`a.onnx` is 2 bytes; the limit is 1');
  });

  it.each<[string, Uint8Array | string, string, string]>([
    ['weights', `\u0010\0\0\0\0\0\0\0{"a":{}}`, 'a safetensors file', 'optimum-cli'],
    ['m.pmml', '<?xml version="1.0"?><PMML/>', 'a PMML model', 'write-predict'],
    ['m.mlmodel', hex('08 04'), 'a Core ML model', 'exported to ONNX'],
    ['m.pte', hex('30 00 00 00 45 54 31 32'), 'an ExecuTorch program', 'model.pt2'],
    ['m.bin', hex('30 00 00 00 45 54 31 32'), 'an ExecuTorch program', 'model.pt2'],
    ['m.engine', hex('66 74 72 74'), 'a TensorRT engine', 'the ONNX file'],
    ['m.plan', 'x', 'a TensorRT engine', 'the ONNX file'],
    ['m.pdparams', 'x', 'a PaddlePaddle model', 'paddle2onnx'],
    ['m.msgpack', 'x', 'weights of Flax (JAX)', 'jax2tf'],
    ['lid.bin', hex('ba 16 4f 2f 0c 00'), 'a fastText model', 'write-predict'],
    [
      'm.xml',
      '<?xml version="1.0"?>\n<net name="torch_jit" version="11">',
      'a model of OpenVINO',
      'write-predict',
    ],
    [
      'm.ort',
      hex('1c 00 00 00 4f 52 54 4d'),
      "an ONNX model in ONNX Runtime's own format",
      '.onnx',
    ],
    ['m.rknn', 'x', 'a model that was compiled for a device', 'the ONNX file'],
    ['yolo.weights', 'x', 'weights of Darknet or Caffe', 'dnn.readNet'],
    ['m.model', 'svm_type c_svc\n', 'a model of LIBSVM or LIBLINEAR', 'SVC'],
    ['m.model', 'solver_type L2R_LR\n', 'a model of LIBSVM or LIBLINEAR', 'LinearSVC'],
    ['m.vw', 'x', 'a model of Vowpal Wabbit', 'write-predict'],
    ['m.model', hex('ac ed 00 05 73 72'), 'an object of Java (as of Weka)', 'a Dockerfile'],
    ['m.llamafile', 'MZ', 'a llamafile, which is a program', 'unzip FILE'],
    ['m.nemo', 'x', 'a model of NeMo', 'model.export'],
    ['ggml-base.en.bin', 'lmgg', 'a model of ggml, from before GGUF', 'convert_hf_to_gguf.py'],
    ['m.bin', 'tjgg', 'a model of ggml, from before GGUF', 'convert_hf_to_gguf.py'],
    ['w.kv', hex('80 04 95'), 'word vectors of gensim', 'write-predict'],
    ['w.vec', '2 3\n', 'word vectors in the format of word2vec', 'write-predict'],
    [
      'm.model',
      hex('0a 0e 0a 05 3c 75 6e 6b 3e 15 00 00'),
      'a tokenizer of SentencePiece',
      'upload the folder',
    ],
    ['m.RDS', hex('1f 8b 08'), "R's serialized data", 'xgb.save'],
    ['m.json', '<!DOCTYPE html><html>', 'an HTML page', 'download the model itself'],
    ['m.txt', '<HTML><body>', 'an HTML page', 'download the model itself'],
    ['m.json', '{\n  "ctr_data": {', 'a CatBoost model in JSON', 'model.cbm'],
    ['m.json', '{"features_info":{', 'a CatBoost model in JSON', 'model.cbm'],
    ['m.json', '{"name": "tree", "version": "v4"', 'a LightGBM model in JSON', 'save_model'],
    ['m.json', '{\n  "name":"tree",\n  "version":"v4"', 'a LightGBM model in JSON', 'save_model'],
    ['m.json', '{"growth": "linear", "n_changepoints": 25', 'a Prophet model', 'write-predict'],
  ])('%s is refused by what it is, with the way out', async (name, content, format, fix) => {
    await expect(inspect([file(name, content)], 1000)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: `${name} is ${format}, which this version does not serve`,
      fix: expect.stringContaining(fix),
    });
  });

  it('of gensim is known by what its pickle loads', async () => {
    const pickle = '\x80\x04cbuiltins\nhash\ncgensim.models.word2vec\nWord2Vec\n)R.';

    await expect(
      inspect([file('w.model', Buffer.from(pickle, 'latin1'))], 1000),
    ).rejects.toMatchObject({
      message:
        'w.model is of gensim: its pickle loads `gensim.models.word2vec.Word2Vec`, which can run any code',
      fix: expect.stringContaining('--write-predict'),
    });
  });

  it('is told its name where that hides what would be served', async () => {
    await expect(inspect([file('model', hex('50 4b 03 04'))], 1000)).rejects.toMatchObject({
      message: 'model is a zip archive, which its name does not show',
      fix: expect.stringContaining('a name with the ending of its format'),
    });
  });

  it.each<[string, Uint8Array | string, string]>([
    ['model.pkl', hex('80 04 95 00'), 'model.pkl is truncated'],
    ['model.joblib', hex('78 5e 00'), 'model.joblib is truncated'],
    ['model.bin', hex('80 02 7d'), 'model.bin is truncated'],
    ['model.skops', hex('50 4b 03 04'), 'model.skops is not a complete zip'],
    ['model.zip', hex('50 4b 03 04'), 'model.zip is not a complete zip'],
    ['model.tar.gz', hex('1f 8b 08'), 'model.tar.gz is truncated'],
    [
      'model.ubj',
      hex('7b 4c 00 00 00 00 00 00 00 07 6c 65 61 72 6e 65 72'),
      'model.ubj is not readable UBJSON',
    ],
    ['model.json', '{ "learner": {} }', 'model.json is not a complete XGBoost model'],
    ['model.model', 'binf....', "model.model is in XGBoost's old binary format"],
    ['model.txt', 'tree\nversion=v4\n', 'model.txt is not a LightGBM model'],
    ['model.cbm', '', 'model.cbm is not a CatBoost model'],
  ])('%s of a format that is served, but not whole, is refused', async (name, content, reason) => {
    await expect(inspect([file(name, content)], 1000)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining(reason),
      fix: expect.stringMatching(/./),
    });
  });

  it.each(
    SERVED.flatMap(({ folder, names, format }) => names.map((name) => ({ folder, name, format }))),
  )('$folder/$name is $format', async ({ folder, name, format }) => {
    const { facts } = await inspectPath(fixturePath(folder, name));

    expect(facts.format).toBe(format);
  });

  it('is refused by the first model among its files', async () => {
    const files = [file('config.json', '{}'), file('model.safetensors', `\u0010\0\0\0\0\0\0\0{}`)];

    await expect(inspect(files, 1000)).rejects.toThrow('model.safetensors is a safetensors file');
  });

  it('without any file is refused', async () => {
    await expect(inspect([], 1000)).rejects.toMatchObject({
      message: 'there is no file of a model',
      fix: 'Put the files of the model in the folder; in a bucket upload them first, then model.yaml again.',
    });
  });

  it('in which nothing is recognised is refused with the names of its files', async () => {
    const files = ['a', 'b', 'c', 'd', 'e'].map((name) => file(name, 'x'));

    await expect(inspect(files, 1000)).rejects.toMatchObject({
      message: 'there is no model among `a`, `b`, `c` and 2 more',
      fix: expect.stringContaining('.onnx, .joblib, .pkl, .skops'),
    });
  });
});
