import { executionName } from '#domain/execution-name.ts';

const ID = '0123456789abcdef0123456789abcdef';
const LONGEST = 'a'.repeat(40);

describe('the name of an execution', () => {
  it.each([
    { key: 'models/digits/model.onnx', attempt: 1, name: 'digits-0123456789abcdef-a1' },
    { key: 'models/digits/v2/model.yaml', attempt: 12, name: 'digits-0123456789abcdef-a12' },
    { key: 'models/Digits/model.onnx', attempt: 1, name: 'upload-0123456789abcdef-a1' },
    { key: 'models/-x-/readme', attempt: 1, name: 'upload-0123456789abcdef-a1' },
    { key: 'model.onnx', attempt: 2, name: 'upload-0123456789abcdef-a2' },
  ])('of $key is $name', ({ key, attempt, name }) => {
    expect(executionName(key, ID, attempt)).toBe(name);
  });

  it('is within the 80 characters of Step Functions for the longest model name', () => {
    const name = executionName(`models/${LONGEST}/model.onnx`, ID, 1_000_000);

    expect(name.length).toBeLessThanOrEqual(80);
  });
});
