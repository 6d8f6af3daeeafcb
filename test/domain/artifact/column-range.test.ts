import {
  around,
  type ColumnRange,
  keptRanges,
  noteMissing,
  range,
  rangesOfTrees,
  type Thresholds,
  widen,
  withMissing,
} from '#domain/artifact/column-range.ts';

const split = (...splits: readonly (readonly [column: number, value: number])[]) => {
  const thresholds: Thresholds = new Map();
  for (const [column, value] of splits) widen(thresholds, column, value);
  return rangesOfTrees(thresholds, 2);
};

it('the outermost thresholds of a column are within its range', () => {
  expect(split([0, 4], [0, 2], [0, 6], [0, 3])).toEqual([{ low: 1, high: 7 }, null]);
});

it('a column with one threshold lies on both sides of it', () => {
  expect(split([1, 8])).toEqual([null, { low: 6, high: 10 }]);
  expect(split([1, 0])).toEqual([null, { low: -0.25, high: 0.25 }]);
});

it.each([
  [-2, 1],
  [500, 1],
  [0, Number.NaN],
  [0, Number.POSITIVE_INFINITY],
])('column %d with the threshold %d says nothing', (column, value) => {
  expect(split([column, value])).toEqual([null, null]);
});

it.each([
  [around(Number.NaN, 1)],
  [around(1, Number.POSITIVE_INFINITY)],
  [range(2, 1)],
  [range(Number.NaN, 1)],
])('numbers that are none are no range: %j', (none) => {
  expect(none).toBeNull();
});

it('a column whose splits show missing values has had some, where its range is known', () => {
  const thresholds: Thresholds = new Map();
  for (const column of [-1, 0, 1, 600]) noteMissing(thresholds, column);
  widen(thresholds, 0, 8);

  expect(rangesOfTrees(thresholds, 2)).toEqual([{ low: 6, high: 10, hasMissing: true }, null]);
});

describe('a record keeps', () => {
  it('which columns had missing values, and no value that is no number', () => {
    const given: readonly ColumnRange[] = [
      withMissing(around(1, 2), true),
      withMissing({ values: ['a', Number.NaN] }, true),
      withMissing(null, true),
      withMissing(range(1, 2), false),
    ];

    expect(keptRanges(given)).toEqual([
      { mean: 1, deviation: 2, hasMissing: true },
      { values: ['a'], hasMissing: true },
      null,
      { low: 1, high: 2 },
    ]);
  });

  it('six digits of a number, and twenty values that are short', () => {
    const values = [...Array.from({ length: 25 }, (_, at) => at), 'x'.repeat(51)];

    expect(
      keptRanges([
        around(1.23456789, 2),
        range(0.123456789, 1),
        { values },
        { values: ['x'.repeat(51)] },
        null,
      ]),
    ).toEqual([
      { mean: 1.23457, deviation: 2 },
      { low: 0.123457, high: 1 },
      { values: values.slice(0, 20) },
      null,
      null,
    ]);
  });

  it.each<[string, readonly ColumnRange[] | undefined]>([
    ['where there are none', undefined],
    ['where no column has one', [null, null]],
    ['of more than 500 columns', new Array<ColumnRange>(501).fill({ low: 0, high: 1 })],
  ])('no ranges %s', (_, ranges) => {
    expect(keptRanges(ranges)).toBeUndefined();
  });
});
