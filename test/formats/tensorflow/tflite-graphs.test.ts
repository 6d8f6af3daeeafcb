import { inspectTflite } from '#formats/tflite/inspect.ts';
import { type FlatFields, flatbufferOf } from '../../support/bytes/flatbuffer.ts';
import { bytesSource } from '../../support/bytes/sources.ts';

const [ADD, CALL, IF, WHILE, CALL_ONCE] = [0, 31, 118, 119, 129];
const CODES = [ADD, CALL, IF, WHILE, CALL_ONCE];
const TENSOR: FlatFields = { 0: [1, 2], 1: 0, 2: 0, 3: 'x' };

/** An operator of the graph's one tensor, with the graphs that it runs. */
function operator(code: number, ...graphs: readonly number[]): FlatFields {
  const options = Object.fromEntries(graphs.entries());
  return { 0: CODES.indexOf(code), 1: [0], 2: [0], 4: options };
}

function inspected(
  graphs: readonly (readonly FlatFields[])[],
  tensors: readonly FlatFields[] = [TENSOR],
) {
  const bytes = flatbufferOf(
    {
      0: 3,
      1: CODES.map((code) => ({ 0: Math.min(code, 127), 3: code })),
      2: graphs.map((operators) => ({ 0: tensors, 1: [0], 2: [0], 3: operators })),
      4: [{}],
    },
    'TFL3',
  );
  return inspectTflite(bytesSource(bytes), 'm.tflite');
}

describe('the graphs of a TensorFlow Lite file', () => {
  it('may run each other', async () => {
    const loop = [operator(WHILE, 1, 2), operator(CALL_ONCE, 1)];

    expect(await inspected([loop, [operator(ADD)], [operator(IF, 1, 1)]])).toMatchObject({
      operators: ['ADD', 'CALL', 'CALL_ONCE', 'IF', 'WHILE'],
      signature: { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2] }] },
    });
  });

  it.each<[string, readonly (readonly FlatFields[])[], string]>([
    ['itself', [[operator(CALL)]], 'its function `graph 0` calls itself'],
    [
      'itself, in a loop',
      [[operator(WHILE, 1, 2)], [operator(ADD)], [operator(WHILE, 1, 2)]],
      'its function `graph 2` calls itself',
    ],
    [
      'itself by another, in a branch',
      [[operator(IF, 1, 2)], [operator(ADD)], [operator(CALL_ONCE, 0)]],
      'its function `graph 0` calls itself',
    ],
    [
      'more than can be written out',
      Array.from({ length: 40 }, (_, at) => [operator(IF, at + 1, at + 1), operator(ADD)]),
      'the limit is 5000000',
    ],
  ])('are refused where one runs %s', async (_, graphs, message) => {
    await expect(inspected(graphs)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining(message),
    });
  });

  it.each<[string, FlatFields, string]>([
    ['of more elements than can be counted', { 0: [2 ** 30, 2 ** 30, 2 ** 30] }, 'is too large'],
    ['of a type that is none', { 1: 99 }, 'is of no known type'],
    ['in a buffer that is not there', { 2: 7 }, 'is of no known type'],
    ['of more dimensions than any', { 0: Array(100).fill(1) }, 'has no shape that is possible'],
  ])('are refused with a tensor %s', async (_, changed, message) => {
    await expect(inspected([[operator(ADD)]], [{ ...TENSOR, ...changed }])).rejects.toThrow(
      message,
    );
  });

  it.each([
    ['an operator that the file does not list', { 0: 99, 1: [0], 2: [0] }],
    ['an operator over a tensor that is not there', { 0: 0, 1: [5], 2: [0] }],
  ])('are refused with %s', async (_, wrong) => {
    await expect(inspected([[wrong]])).rejects.toThrow('takes a tensor that is not there');
  });
});
