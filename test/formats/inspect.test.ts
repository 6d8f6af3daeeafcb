import { manifestSchema } from '#domain/manifest.ts';
import type { ArtifactFile } from '#formats/artifact-file.ts';
import { inspectFiles } from '#formats/inspect.ts';
import { bytesSource } from '../support/byte-sources.ts';
import { EXTERNAL_DATA, externalDataModel, identityModel } from '../support/onnx-models.ts';

const MODEL = identityModel({ datatype: 'FP32', shape: ['n'] });

function file(name: string, content: Uint8Array | string): ArtifactFile {
  const bytes = Buffer.from(content);
  return { name, sizeBytes: bytes.length, open: async () => bytesSource(bytes) };
}

function hex(digits: string): Uint8Array {
  return Buffer.from(digits.replaceAll(' ', ''), 'hex');
}

const MANIFEST = manifestSchema.parse({});

function inspect(files: readonly ArtifactFile[], maxBytes: number) {
  return inspectFiles(files, { maxBytes, manifest: MANIFEST });
}

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
      message: '`a.onnx`, `b/c.onnx` are 2 models; the limit of one artifact is 1',
      fix: 'Upload each model under a name of its own.',
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
    ['model.pkl', hex('80 04 95 00'), 'a pickle', 'skl2onnx'],
    ['model.joblib', hex('78 5e 00'), 'a joblib dump', 'skl2onnx'],
    ['model.joblib', hex('80 04 95 00'), 'a joblib dump', 'skl2onnx'],
    ['model.bin', hex('80 02 7d'), 'a pickle', 'skl2onnx'],
    ['model.skops', hex('50 4b 03 04'), 'a skops archive', 'skl2onnx'],
    ['model.pt', hex('50 4b 03 04'), 'a PyTorch file', 'torch.onnx.export'],
    ['model.pth', hex('80 02 8a 0a 6c fc 9c 46'), 'a PyTorch file', 'torch.onnx.export'],
    ['model.keras', hex('50 4b 03 04'), 'a Keras model', 'tf2onnx'],
    ['model.zip', hex('50 4b 03 04'), 'a zip archive', 'Unpack it'],
    ['model', hex('50 4b 03 04'), 'a zip archive', 'Unpack it'],
    ['model.tar.gz', hex('1f 8b 08'), 'a gzip archive', 'Unpack it'],
    ['model.h5', hex('89 48 44 46 0d 0a 1a 0a'), 'an HDF5 file', 'tf2onnx'],
    ['model.tflite', hex('1c 00 00 00 54 46 4c 33'), 'a TensorFlow Lite model', 'tf2onnx'],
    ['saved_model.pb', hex('08 01 12 00'), 'a TensorFlow model', 'tf2onnx'],
    ['model.gguf', 'GGUF\u0003', 'a GGUF file', 'optimum-cli'],
    ['weights', `\u0010\0\0\0\0\0\0\0{"a":{}}`, 'a safetensors file', 'optimum-cli'],
    [
      'model.ubj',
      hex('7b 4c 00 00 00 00 00 00 00 07 6c 65 61 72 6e 65 72'),
      'an XGBoost model',
      'onnxmltools',
    ],
    ['model.json', '{ "learner": {} }', 'an XGBoost model', 'onnxmltools'],
    ['model.model', 'binf....', 'an XGBoost model', 'onnxmltools'],
    ['model.txt', 'tree\nversion=v4\n', 'a LightGBM model', 'onnxmltools'],
    ['model.cbm', 'CBM1', 'a CatBoost model', 'onnxmltools'],
    ['model.cbm', '', 'a CatBoost model', 'onnxmltools'],
  ])('%s is refused by what it is, with the way out', async (name, content, format, fix) => {
    await expect(inspect([file(name, content)], 1000)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: `${name} is ${format}; this version serves ONNX only`,
      fix: expect.stringContaining(fix),
    });
  });

  it('is refused by the first model among its files', async () => {
    const files = [file('config.json', '{}'), file('model.safetensors', `\u0010\0\0\0\0\0\0\0{}`)];

    await expect(inspect(files, 1000)).rejects.toThrow('model.safetensors is a safetensors file');
  });

  it('without any file is refused', async () => {
    await expect(inspect([], 1000)).rejects.toMatchObject({
      message: 'there is no file beside model.yaml',
      fix: 'Upload the .onnx file first, then model.yaml again.',
    });
  });

  it('in which nothing is recognised is refused with the names of its files', async () => {
    const files = ['a', 'b', 'c', 'd', 'e'].map((name) => file(name, 'x'));

    await expect(inspect(files, 1000)).rejects.toMatchObject({
      message: '`a`, `b`, `c` and 2 more: no file ends in .onnx; this version serves ONNX only',
      fix: 'Export the model to ONNX and upload the .onnx file.',
    });
  });
});
