import { isConvertible } from '#domain/artifact/format.ts';

describe('what a build tries to make ONNX of', () => {
  it.each([
    ['a pickle of scikit-learn', { format: 'sklearn' }, true],
    [
      'a folder that transformers loads',
      { format: 'huggingface', data: { format: 'huggingface' } },
      true,
    ],
    ['a folder with its ONNX', { format: 'huggingface', data: { format: 'onnx' } }, false],
    ['code', { format: 'python' }, false],
    ['what OpenVINO runs', { format: 'keras' }, false],
    ['a language model', { format: 'gguf', language: {} }, false],
  ] as const)('%s: %j', (_, found, is) => {
    expect(isConvertible(found)).toBe(is);
  });
});
