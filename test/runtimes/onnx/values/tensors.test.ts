import { parseJsonWithBigIntegers } from '../../../../runtimes/onnx/values/json.ts';
import {
  buffersOf,
  readTensor,
  type TensorSpec,
} from '../../../../runtimes/onnx/values/tensors.ts';

describe('what a datatype cannot hold is refused', () => {
  it.each([
    { datatype: 'INT8', value: '128', says: 'has 128 at 0; it takes integers from -128 to 127' },
    { datatype: 'INT32', value: '1.5', says: 'has 1.5 at 0; it takes integers from -2147483648' },
    { datatype: 'INT64', value: '9223372036854775808', says: 'has 9223372036854775808 at 0;' },
    { datatype: 'INT64', value: '1e17', says: 'in digits' },
    { datatype: 'INT64', value: '0.5', says: 'has 0.5 at 0;' },
    {
      datatype: 'UINT64',
      value: '-1',
      says: 'has -1 at 0; it takes integers from 0 to 1844674407',
    },
    { datatype: 'BOOL', value: '1', says: 'has 1 at 0; it takes true or false' },
    { datatype: 'BYTES', value: '"a\\u0000b"', says: 'it takes strings without NUL, and no null' },
    { datatype: 'FP16', value: '65520', says: 'has 65520 at 0; it takes numbers of FP16' },
    { datatype: 'FP64', value: '1e400', says: 'has Infinity at 0; it takes numbers of FP64' },
  ] as const)('$value as $datatype', ({ datatype, value, says }) => {
    const spec: TensorSpec = { name: 'x', datatype, shape: [-1] };
    const data = parseJsonWithBigIntegers(`[${value}]`);

    expect(() => readTensor(spec, [1], data)).toThrow(says);
  });
});

it.each(['FP32', 'FP64'] as const)(
  'a whole number whose digits another input needs is one of %s too',
  (datatype) => {
    const data = parseJsonWithBigIntegers('[12345678901234567890]');

    const tensor = readTensor({ name: 'x', datatype, shape: [-1] }, [1], data);

    expect(tensor.data[0]).toBeCloseTo(12345678901234567000, -13);
  },
);

it('tensors move to another thread without a copy', () => {
  const tensor = readTensor({ name: 'x', datatype: 'FP32', shape: [-1] }, [2], [1, 2]);

  const moved = structuredClone(tensor, { transfer: buffersOf([tensor]) });

  expect(moved.data).toEqual(new Float32Array([1, 2]));
  expect(tensor.data).toHaveLength(0);
});
