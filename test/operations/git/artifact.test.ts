import { artifactAmong } from '#operations/git/artifact.ts';

const among = (...names: readonly string[]) =>
  artifactAmong(
    'digits',
    names.map((name) => ({ name, sizeBytes: 1, from: { oid: 'a' } })),
  );

describe('artifactAmong', () => {
  it.each([
    ['a file', ['digits.onnx'], 'digits.onnx', []],
    [
      'a file with its companions',
      ['a.onnx', 'a.onnx.yaml', 'a.onnx.examples.jsonl', 'a.onnx.data', 'a.onnx_data', 'b.yaml'],
      'a.onnx',
      ['b.yaml'],
    ],
    ['a file whose data is of no ONNX model', ['a.pkl', 'a.pkl.data'], 'a.pkl', ['a.pkl.data']],
    ['its own folder', ['model.yaml', 'a.onnx', 'b.onnx', 'x/y.txt'], '', []],
    ['a folder in it', ['bert/model.yaml', 'bert/a/b.bin', 'notes'], 'bert', ['notes']],
  ])('finds %s', (_, names, path, leftOut) => {
    const found = among(...names);

    expect(found).toMatchObject({ path, leftOut });
    expect(found.files).toHaveLength(names.length - leftOut.length);
  });

  it.each([
    [[], /has no model file and no model\.yaml: no file$/],
    [['a.py', 'b.py', 'c.py', 'd.py'], /: a\.py, b\.py, c\.py and 1 more$/],
    [['bert/config.json'], /no model\.yaml: bert\/config\.json$/],
    [['a.onnx', 'b.onnx'], /has 2 models: a\.onnx, b\.onnx$/],
    [['x/model.yaml', 'y/model.yaml'], /has 2 models: x, y$/],
    [['x/model.yaml', 'a.onnx'], /has 2 models: x, a\.onnx$/],
  ])('refuses %j', (names, message) => {
    expect(() => among(...names)).toThrow(message);
  });
});
