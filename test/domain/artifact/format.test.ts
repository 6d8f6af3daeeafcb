import { isConvertible, runtimeOf } from '#domain/artifact/format.ts';

describe('what a build tries to make ONNX of', () => {
  it.each([
    ['a pickle of scikit-learn', { format: 'sklearn' }, true],
    [
      'a folder that transformers loads',
      { format: 'huggingface', data: { format: 'huggingface' } },
      true,
    ],
    ['a folder with its ONNX', { format: 'huggingface', data: { format: 'onnx' } }, false],
    [
      'a folder whose tokenizer transformers makes',
      {
        format: 'huggingface',
        data: { format: 'huggingface' },
        pipeline: { isTokenMade: true },
      },
      false,
    ],
    ['code', { format: 'python' }, false],
    ['what OpenVINO runs', { format: 'keras' }, false],
    ['a language model', { format: 'gguf', language: {} }, false],
  ] as const)('%s: %j', (_, found, is) => {
    expect(isConvertible(found)).toBe(is);
  });
});

describe('what loads a model as it was saved', () => {
  it('is the runtime of its format, or Python where its weights are a folder of Hugging Face', () => {
    expect(runtimeOf({ format: 'onnx' })).toBe('onnx');
    expect(runtimeOf({ format: 'onnx', data: { format: 'onnx' } })).toBe('onnx');
    expect(runtimeOf({ format: 'onnx', data: { format: 'huggingface' } })).toBe('python');
  });
});
