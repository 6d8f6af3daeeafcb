import type { ColumnRange } from '#domain/artifact/column-range.ts';
import type { Datatype, TensorSpec } from '#domain/artifact/signature.ts';
import { rangesBeside, requestsWithin } from '#domain/comparison/drawn-requests.ts';

const RANGES: readonly ColumnRange[] = [
  { mean: 40, deviation: 10 },
  { low: -1, high: 3 },
  { values: ['dry', 'sweet'] },
  null,
];
const column = (name: string, datatype: Datatype = 'FP64', shape: readonly number[] = [-1]) =>
  ({ name, datatype, shape }) satisfies TensorSpec;
const COLUMNS = [
  column('age'),
  column('x', 'FP32', [-1, 1]),
  column('kind', 'BYTES'),
  column('z', 'BOOL'),
];
const dataOf = (inputs: readonly TensorSpec[], ranges = RANGES, count = 50) =>
  requestsWithin({ inputs, outputs: [] }, ranges, count).map(({ protocol, body }) => {
    expect(protocol).toBe('infer');
    return (body as { inputs: { shape: number[]; data: unknown[] }[] }).inputs;
  });

it('each row lies where the columns lay, with a zero where nothing is known', () => {
  const rows = dataOf(COLUMNS).map((tensors) => tensors.flatMap(({ data }) => data));

  expect(rows).toHaveLength(50);
  for (const [age, x, kind, z] of rows) {
    expect(Math.abs(Number(age) - 40)).toBeLessThanOrEqual(20);
    expect(Number(x)).toBeGreaterThanOrEqual(-1);
    expect(Number(x)).toBeLessThanOrEqual(3);
    expect(['dry', 'sweet']).toContain(kind);
    expect(z).toBe(false);
  }
  expect(new Set(rows.map(String)).size).toBe(50);
});

it('has one row in the shape that each input takes', () => {
  const [columns] = dataOf(COLUMNS, RANGES, 1);
  const [matrix] = dataOf([column('x', 'FP32', [-1, 4])], [...RANGES.slice(0, 2), null, null], 1);

  expect(columns?.map(({ shape }) => shape)).toEqual([[1], [1, 1], [1], [1]]);
  expect(matrix?.map(({ shape, data }) => [shape, data.length])).toEqual([[[1, 4], 4]]);
});

it('is the same at each attempt', () => {
  expect(dataOf(COLUMNS)).toEqual(dataOf(COLUMNS));
});

it.each<[Datatype, ColumnRange, unknown]>([
  ['INT64', { low: 2.2, high: 2.4 }, 2],
  ['BOOL', { low: 1, high: 1 }, true],
  ['BOOL', { low: 0, high: 0.2 }, false],
  ['BYTES', { low: 3, high: 3 }, '3'],
  ['FP32', { values: ['dry'] }, 0],
  ['FP32', { values: [] }, 0],
])('an input of the type %s with the range %j gets %j', (datatype, range, value) => {
  expect(dataOf([column('x', datatype)], [range], 1)).toMatchObject([[{ data: [value] }]]);
});

it.each<[string, readonly TensorSpec[]]>([
  ['nothing', []],
  ['fewer columns', COLUMNS.slice(1)],
  ['a matrix with more columns', [column('x', 'FP32', [-1, 5])]],
  ['a picture', [column('x', 'FP32', [-1, 3, 224, 224])]],
  ['lists', COLUMNS.map((spec) => ({ ...spec, shape: [-1, 3] }))],
  ['a scalar', COLUMNS.map((spec) => ({ ...spec, shape: [] }))],
  ['any shape', COLUMNS.map((spec) => ({ ...spec, isUnranked: true as const }))],
])('nothing is drawn for a model that takes %s', (_, inputs) => {
  expect(dataOf(inputs)).toEqual([]);
});

it('a new version is asked no value that the live one may not know', () => {
  const own: readonly ColumnRange[] = [{ low: 0, high: 1 }, { values: ['dry', 'brut'] }, null];

  expect(rangesBeside(own, [{ low: 5, high: 6 }, { values: ['dry'] }, null])).toEqual([
    { low: 0, high: 1 },
    { values: ['dry'] },
    null,
  ]);
  expect(rangesBeside(own, [])).toEqual(own);
});
