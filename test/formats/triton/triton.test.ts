import { manifestSchema } from '#domain/manifest/manifest.ts';
import { inspectFiles } from '#formats/inspect.ts';
import { readTextProto } from '#formats/triton/text-proto.ts';
import { memoryFile } from '../../support/bytes/archive-files.ts';
import { identityModel } from '../../support/models/onnx.ts';

const MODEL = identityModel({ datatype: 'FP32', shape: ['n', 3] });
const CONFIG = `
# as its owner has it
name: "m"
platform: "onnxruntime_onnx"
max_batch_size: 8
input [ { name: "x", data_type: TYPE_FP32, dims: [ 3 ] } ]
output [ { name: "y" data_type: TYPE_FP32 dims: 3 } ]
instance_group { kind: KIND_CPU; count: 2 }
`;

const inspected = (config: string, more: Readonly<Record<string, Uint8Array>> = {}) => {
  const files = { 'm/config.pbtxt': config, 'm/1/model.onnx': MODEL, ...more };
  return inspectFiles(
    Object.entries(files).map(([name, content]) => memoryFile(name, content)),
    { maxBytes: 2 ** 20, manifest: manifestSchema.parse({}) },
  );
};

describe('a Triton repository of an ONNX model', () => {
  it('is served as ONNX, by its newest version', async () => {
    const found = await inspected(CONFIG, { 'm/2/model.onnx': MODEL, 'm/10/model.onnx': MODEL });

    expect(found).toMatchObject({ format: 'onnx', modelFile: 'm/10/model.onnx' });
  });

  it('is served by the newest of the versions that its policy names, and by the file that it names', async () => {
    const policy = 'version_policy: { specific: { versions: [1, 2] } }\n';
    const named = `${CONFIG}${policy}default_model_filename: "net.onnx"`;

    expect(
      await inspected(`${CONFIG}${policy}`, { 'm/2/model.onnx': MODEL, 'm/3/model.onnx': MODEL }),
    ).toMatchObject({ modelFile: 'm/2/model.onnx' });
    expect(await inspected(named, { 'm/2/net.onnx': MODEL })).toMatchObject({
      modelFile: 'm/2/net.onnx',
    });
  });

  it('may leave to the graph what it takes and gives', async () => {
    await expect(inspected('backend: "onnxruntime"')).resolves.toMatchObject({ format: 'onnx' });
    await expect(inspected('')).resolves.toMatchObject({ format: 'onnx' });
  });

  it.each([
    [
      'another type',
      ['TYPE_FP32, dims', 'TYPE_INT64, dims'],
      '`x` of INT64[-1, 3]; the graph has FP32[-1, 3]',
    ],
    [
      'another shape',
      ['dims: [ 3 ]', 'dims: [ 4 ]'],
      '`x` of FP32[-1, 4]; the graph has FP32[-1, 3]',
    ],
    [
      'another name',
      ['"y"', '"z"'],
      'the output `z` of FP32[-1, 3]; the graph has none of that name',
    ],
    ['another rank', ['max_batch_size: 8', 'max_batch_size: 0'], '`x` of FP32[3]'],
    ['another backend', ['onnxruntime_onnx', 'tensorrt_plan'], 'a Triton model of `tensorrt_plan`'],
    [
      'no file of its name',
      ['name: "m"', 'default_model_filename: "a.onnx"'],
      'with a file `a.onnx`',
    ],
    ['a text without an end', ['"m"', '"m'], 'not a configuration of Triton'],
    ['a field without a name', ['name:', ':'], '`:` stands where it cannot'],
    ['a list without an end', ['dims: [ 3 ] } ]', 'dims: [ 3'], 'stands where it cannot'],
  ])('with %s is refused', async (_, [from = '', to = ''], message) => {
    await expect(inspected(CONFIG.replace(from, to))).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining(message),
    });
  });

  it('may be told another shape where that is reshaped', async () => {
    const reshaped = CONFIG.replace('dims: [ 3 ]', 'dims: [ 1, 3 ], reshape: { shape: [ 3 ] }');

    await expect(inspected(reshaped)).resolves.toMatchObject({ format: 'onnx' });
  });

  it('of two models is refused', async () => {
    const more = { 'n/config.pbtxt': Buffer.from(CONFIG), 'n/1/model.onnx': MODEL };

    await expect(inspected(CONFIG, more)).rejects.toThrow(
      '`m/config.pbtxt` and `n/config.pbtxt` are two models',
    );
  });

  it('of another backend says what would serve it', async () => {
    await expect(inspected('backend: "python"')).rejects.toMatchObject({
      fix: expect.stringMatching(/NVIDIA's image.*port: 8000.*predict\.py/),
    });
  });
});

describe('a configuration', () => {
  it.each([
    ['messages without end', 'a {'.repeat(100), 'stands where it cannot'],
    ['messages that are not closed', 'a { b: 1', 'its end'],
    ['tokens without end', 'a:1 '.repeat(100_000), 'too long'],
    ['a value that is none', 'a: }', '`}` stands'],
  ])('of %s is refused', (_, text, message) => {
    expect(() => readTextProto(text, 'config.pbtxt')).toThrow(message);
  });

  it('is read with both kinds of brackets and quotes', () => {
    const found = readTextProto(`a: 'x' b < c: "y" > b { c: -1.5 }`, 'config.pbtxt');

    expect(found.get('a')).toEqual(['x']);
    expect(found.get('b')).toEqual([new Map([['c', ['y']]]), new Map([['c', ['-1.5']]])]);
  });
});
