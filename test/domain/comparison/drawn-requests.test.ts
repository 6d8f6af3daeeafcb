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

describe('rows that lack a value', () => {
  const low = { low: 1, high: 2 } as const;
  const missing = { ...low, hasMissing: true } as const;
  const bodiesOf = (inputs: readonly TensorSpec[], ranges: readonly ColumnRange[], count: number) =>
    requestsWithin({ inputs, outputs: [] }, ranges, count)
      .filter(({ protocol }) => protocol === 'invocations')
      .map(({ body }) => body);
  const matrix = (width: number) => [column('x', 'FP32', [-1, width])];

  it('are half as many as the whole ones, and lack one value of the columns that had missing ones, in turn', () => {
    const rows = bodiesOf(matrix(3), [missing, low, missing], 8).map(
      (body) => (body as { inputs: (number | null)[][] }).inputs[0] ?? [],
    );

    expect(rows.map((row) => row.indexOf(null))).toEqual([0, 2, 0, 2]);
    for (const value of rows.flat().filter((each) => each !== null)) {
      expect(value).toBeGreaterThanOrEqual(1);
      expect(value).toBeLessThanOrEqual(2);
    }
    expect(rows.flat().filter((each) => each === null)).toHaveLength(4);
  });

  it('lack columns that are spread over a wide table', () => {
    const rows = bodiesOf(
      matrix(100),
      Array.from({ length: 100 }, () => missing),
      10,
    );

    expect(rows.map((body) => (body as { inputs: unknown[][] }).inputs[0]?.indexOf(null))).toEqual([
      0, 20, 40, 60, 80,
    ]);
  });

  it('name their columns, where these have names', () => {
    const inputs = [column('age'), column('kind', 'BYTES')];
    const kind: ColumnRange = { values: ['dry'], hasMissing: true };

    expect(bodiesOf(inputs, [low, kind], 2)).toEqual([
      { dataframe_split: { columns: ['age', 'kind'], data: [[expect.any(Number), null]] } },
    ]);
  });

  it('are not drawn where no column had missing values, and change no other row', () => {
    const [whole, others] = [
      [low, low],
      [missing, low],
    ].map((ranges) => requestsWithin({ inputs: matrix(2), outputs: [] }, ranges, 6));

    expect(bodiesOf(matrix(2), [low, low], 6)).toEqual([]);
    expect(whole).toHaveLength(6);
    expect(others).toHaveLength(9);
  });

  it('are drawn for a new version where the live one takes them alone', () => {
    expect(rangesBeside([missing, missing, low, null], [low, missing, missing, missing])).toEqual([
      low,
      missing,
      missing,
      null,
    ]);
    expect(rangesBeside([missing], [])).toEqual([low]);
  });
});
