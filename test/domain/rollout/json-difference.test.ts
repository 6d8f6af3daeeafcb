import fc from 'fast-check';
import { difference } from '#domain/rollout/json-difference.ts';

const RTOL = 1e-4;

const tensor = (name: string, value: number) => ({ name, data: [value] });

describe('an answer agrees with what is expected', () => {
  it.each<[string, unknown, unknown]>([
    ['numbers within the tolerance', 1.00009, 1],
    ['numbers next to zero', 1e-9, 0],
    ['negative numbers', -1.00009, -1],
    ['more keys than expected', { a: 1, b: 2 }, { a: 1 }],
    ['nested values', { a: [{ b: 'x' }] }, { a: [{ b: 'x' }] }],
    ['null', null, null],
    ['the integers of a tensor', { datatype: 'INT64', data: [7] }, { data: [7] }],
    [
      'a part of the tensors',
      { outputs: [tensor('y', 1), tensor('n', 2)] },
      { outputs: [tensor('n', 2)] },
    ],
    [
      'tensors in another order',
      [tensor('y', 1), tensor('n', 2)],
      [tensor('n', 2), tensor('y', 1)],
    ],
    [
      'a list of two of one name, each in its place',
      [tensor('y', 1), tensor('y', 2)],
      [tensor('y', 1), tensor('y', 2)],
    ],
    ['the floats of a tensor', { datatype: 'FP32', data: [7.0001] }, { data: [7] }],
    [
      'texts that say the same in JSON',
      { datatype: 'BYTES', data: ['[{"score":0.50001,"word":"a"}]'] },
      { data: ['[{"score": 0.5, "word": "a"}]'] },
    ],
    ['a text that only begins as JSON', '[a]', '[a]'],
  ])('with %s', (_, got, expected) => {
    expect(difference(got, expected, RTOL)).toBeUndefined();
  });

  it('with numbers within what they may be apart whatever their size', () => {
    expect(difference([0, 4e-7], [1e-7, 3e-7], 0, 1e-7)).toBeUndefined();
    expect(difference([6e-7], [3e-7], 0, 1e-7)).toBe('the answer[0] is 6e-7; expected 3e-7');
    expect(difference({ datatype: 'INT64', data: [8] }, { data: [7] }, 0, 2)).toBeDefined();
  });

  it('whenever both are the same', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(difference(value, structuredClone(value), 0)).toBeUndefined();
      }),
    );
  });
});

describe('a difference is told by its path, for', () => {
  it.each<[string, unknown, unknown, string]>([
    [
      'numbers beyond the tolerance',
      { a: [1, 1.0002] },
      { a: [1, 1] },
      'the answer.a[1] is 1.0002; expected 1',
    ],
    ['texts', 'b', 'a', 'the answer is "b"; expected "a"'],
    [
      'texts in JSON',
      '[{"score":0.6}]',
      '[{"score": 0.5}]',
      'the answer[0].score is 0.6; expected 0.5',
    ],
    ['a text in JSON and one that is none', '[1', '[1]', 'the answer is "[1"; expected "[1]"'],
    ['a number for a text', 1, '1', 'the answer is 1; expected "1"'],
    ['a missing key', {}, { a: { b: 1 } }, 'the answer.a is missing; expected {"b":1}'],
    [
      'a key that every object inherits',
      {},
      { toString: 1 },
      'the answer.toString is missing; expected 1',
    ],
    ['a list of another length', [1, 2], [1], 'the answer has 2 items; expected 1'],
    [
      'a tensor by its name',
      { outputs: [tensor('y', 1), tensor('n', 3)] },
      { outputs: [tensor('n', 2)] },
      'the answer.outputs["n"].data[0] is 3; expected 2',
    ],
    [
      'a tensor that is missing',
      [tensor('y', 1)],
      [tensor('n', 2)],
      'the answer["n"] is missing; expected {"name":"n","data":[2]}',
    ],
    [
      'items of which not all are named, by their places',
      [tensor('y', 1), 2],
      [tensor('y', 1)],
      'the answer has 2 items; expected 1',
    ],
    [
      'two of one name, by their places',
      [tensor('y', 2), tensor('y', 1)],
      [tensor('y', 1), tensor('y', 2)],
      'the answer[0].data[0] is 2; expected 1',
    ],
    ['a value for a list', 1, [1], 'the answer is 1; expected [1]'],
    ['a list for an object', [], {}, 'the answer is []; expected {}'],
    ['null for an object', null, {}, 'the answer is null; expected {}'],
    ['a number for null', 0, null, 'the answer is 0; expected null'],
    ['the second of two', [true, false], [true, true], 'the answer[1] is false; expected true'],
    [
      'integers of a tensor that are only near',
      { o: { datatype: 'INT64', data: [10_001] } },
      { o: { data: [10_000] } },
      'the answer.o.data[0] is 10001; expected 10000',
    ],
    ['a long value', 'x'.repeat(100), 1, `the answer is "${'x'.repeat(79)}…; expected 1`],
  ])('%s', (_, got, expected, message) => {
    expect(difference(got, expected, RTOL)).toBe(message);
  });

  it('any two JSON values that are not equal, without failing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (got, expected) => {
        const found = difference(got, expected, 0);
        if (JSON.stringify(got) === JSON.stringify(expected)) expect(found).toBeUndefined();
        else if (typeof expected !== 'object')
          expect(found === undefined).toBe(isNear(got, expected));
      }),
    );
  });
});

function isNear(got: unknown, expected: unknown): boolean {
  return (
    typeof got === 'number' && typeof expected === 'number' && Math.abs(got - expected) <= 1e-8
  );
}
