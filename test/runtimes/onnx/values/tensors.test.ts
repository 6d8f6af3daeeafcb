import { readBinary } from '../../../../runtimes/onnx/protocols/binary.ts';
import {
  metadataOf,
  readInferRequest,
} from '../../../../runtimes/onnx/protocols/infer-protocol.ts';
import { parseJsonWithBigIntegers } from '../../../../runtimes/onnx/values/json.ts';
import {
  buffersOf,
  readTensor,
  readWrittenTensor,
  sentText,
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

it('a column that the model drops takes any value, and counts as 0 where that is no number', () => {
  const spec: TensorSpec = { name: 'passenger', datatype: 'FP64', shape: [-1], isUnread: true };

  const { data } = readWrittenTensor(spec, [5], [7, 'Owen Harris', null, true, '2024-01-01']);

  expect([...data]).toEqual([7, 0, 0, 0, 0]);
});

it('a tensor of a column that the model drops is declared as texts, and may be of any datatype', () => {
  const spec: TensorSpec = { name: 'passenger', datatype: 'FP64', shape: [-1], isUnread: true };
  const signature = { inputs: [spec], outputs: [] };
  const sent = [
    { datatype: 'BYTES', data: ['Owen Harris', ''] },
    { datatype: 'BOOL', data: [true, false] },
    { datatype: 'INT64', data: [1, 2] },
    { datatype: 'FP64', data: [1.5, 2] },
  ];
  const read = (tensor: object) => {
    const body = { inputs: [{ name: 'passenger', shape: [2], ...tensor }] };
    return readInferRequest(body, signature).run.inputs.map(({ datatype, data }) => [
      datatype,
      ...data,
    ]);
  };

  expect(metadataOf({ name: 'm', version: '', signature }).inputs).toEqual([
    { name: 'passenger', datatype: 'BYTES', shape: [-1] },
  ]);
  expect(sent.map(read)).toEqual([
    [['FP64', 0, 0]],
    [['FP64', 0, 0]],
    [['FP64', 0, 0]],
    [['FP64', 1.5, 2]],
  ]);
  expect(() => read({ datatype: 'BYTES', data: ['one'] })).toThrow('has 1 values');
  expect(() => read({ datatype: 'TEXT', data: ['a', 'b'] })).toThrow('the model takes FP64');
});

describe('where a text of its own stands for a missing one, that text of a client', () => {
  const MISSING = '\ufdd0';
  const SPEC: TensorSpec = {
    name: 'hue',
    datatype: 'BYTES',
    shape: [-1],
    missing: { text: MISSING, emptyIsText: [] },
  };
  const SENT = [MISSING, `${MISSING}${MISSING}`, `${MISSING}red`, `red${MISSING}`, 'red', ''];
  const length = (text: string) => Buffer.of(Buffer.byteLength(text), 0, 0, 0);
  const BINARY = Buffer.concat(SENT.flatMap((text) => [length(text), Buffer.from(text)]));

  it.each([
    ['a row', () => readWrittenTensor(SPEC, [6], SENT)],
    ['a tensor', () => readTensor(SPEC, [6], SENT)],
    ['a binary tensor', () => readBinary(SPEC, [6], BINARY)],
  ])('is another text in %s, and is shown as it was sent', (_, read) => {
    const { data, missing } = read();

    expect(data).not.toContain(MISSING);
    expect(new Set([...data]).size).toBe(SENT.length);
    expect([...data].map((text) => sentText(String(text), missing))).toEqual(SENT);
  });

  it('is told apart from a missing one beside it', () => {
    const { data, missing } = readWrittenTensor(SPEC, [2], [null, MISSING]);

    expect(data).toEqual([MISSING, `${MISSING}${MISSING}`]);
    expect([...data].map((text) => sentText(String(text), missing))).toEqual([null, MISSING]);
  });

  it('is that text where nothing stands for a missing one', () => {
    const { missing: _, ...plain } = SPEC;

    expect(readTensor(plain, [6], SENT).data).toEqual(SENT);
  });
});

it('tensors move to another thread without a copy', () => {
  const tensor = readTensor({ name: 'x', datatype: 'FP32', shape: [-1] }, [2], [1, 2]);

  const moved = structuredClone(tensor, { transfer: buffersOf([tensor]) });

  expect(moved.data).toEqual(new Float32Array([1, 2]));
  expect(tensor.data).toHaveLength(0);
});
