import { type ColumnRange, withMissing } from '#domain/artifact/column-range.ts';
import type { TensorSpec } from '#domain/artifact/signature.ts';
import { rangeDifferences } from '#domain/comparison/range-differences.ts';

const at = (mean: number, deviation: number): ColumnRange => ({ mean, deviation });
const BEFORE = [at(40, 10), at(3, 1), at(0.1, 2), { values: ['dry', 'sweet'] }] as const;
const INPUTS: readonly TensorSpec[] = ['age', 'rooms', 'balance', 'kind'].map((name) => ({
  name,
  datatype: 'FP64',
  shape: [-1],
}));

const differences = (changed: Readonly<Record<number, ColumnRange>>, inputs = INPUTS) =>
  rangeDifferences(
    BEFORE,
    BEFORE.map((range, column) => (column in changed ? changed[column]! : range)),
    inputs,
  );

describe('a fault, where the answers differ too', () => {
  it('is a column in another unit', () => {
    expect(differences({ 0: at(40_400, 9900) })).toEqual([
      {
        weight: 'suspicious',
        isFault: true,
        what: '"age" had the mean 40400 when it was trained; before: 40; and 990 times the deviation: its unit differs',
      },
    ]);
    expect(differences({ 0: at(0.041, 0.0099) })).toMatchObject([{ isFault: true }]);
  });

  it('is two columns that are exchanged', () => {
    expect(differences({ 0: at(3.1, 1.1), 1: at(39, 9.5) })).toEqual([
      {
        weight: 'suspicious',
        isFault: true,
        what: '"age" was trained on values that "rooms" had before, and "rooms" on those of "age": they are exchanged',
      },
    ]);
  });

  it('names columns without names by their number', () => {
    const matrix: readonly TensorSpec[] = [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }];

    expect(differences({ 1: at(300, 100) }, matrix)).toMatchObject([
      { what: expect.stringMatching(/^column 2 had the mean 300/) },
    ]);
  });
});

describe('a sign that a training may leave', () => {
  it('is a column that had missing values, and has none now', () => {
    const missing = BEFORE.map((range: ColumnRange) => withMissing(range, true));
    const now = missing
      .with(0, at(41, 10))
      .with(2, null)
      .with(3, { values: ['dry', 'sweet'] });

    expect(rangeDifferences(missing, now, INPUTS)).toEqual([
      {
        weight: 'suspicious',
        what: 'its file does not say that values of "age", "kind" may be missing; that of the version before does',
      },
    ]);
    expect(rangeDifferences(BEFORE, missing, INPUTS)).toEqual([]);
  });

  it('names the first of many such columns', () => {
    const wide = Array.from({ length: 10 }, () => at(1, 1));
    const before = wide.map((range) => withMissing(range, true));

    expect(rangeDifferences(before, wide, [])).toMatchObject([
      { what: expect.stringMatching(/column 7, column 8 and 2 more may be missing/) },
    ]);
  });

  it('is another width around zero, where the mean says nothing of the unit', () => {
    const [found] = differences({ 2: at(0.2, 200) });

    expect(found).toMatchObject({
      weight: 'suspicious',
      what: expect.stringContaining('100 times'),
    });
    expect(found).not.toHaveProperty('isFault');
  });

  it('is a value that is gone', () => {
    expect(differences({ 3: { values: ['dry', 'brut'] } })).toEqual([
      {
        weight: 'suspicious',
        what: '"kind" no longer had the value "sweet" when it was trained',
      },
    ]);
  });
});

it.each<[string, Readonly<Record<number, ColumnRange>>]>([
  ['the same columns', {}],
  ['a mean that has moved with the years', { 0: at(75, 11) }],
  ['rows that vary more', { 0: at(44, 60) }],
  ['a new value', { 3: { values: ['dry', 'sweet', 'brut'] } }],
  ['a column of which one version says nothing', { 0: null, 3: null }],
  ['a column that is a constant', { 1: at(3, 0) }],
  ['outermost values, which a single row may have moved', { 0: { low: 0, high: 1e6 } }],
  ['one column that lies where another lay', { 0: at(3, 1) }],
])('%s is no sign', (_, changed) => {
  expect(differences(changed).filter(({ what }) => !what.includes('its unit'))).toEqual([]);
});

it.each<[string, readonly ColumnRange[] | undefined, readonly ColumnRange[] | undefined]>([
  ['nothing is known of the version before', undefined, BEFORE],
  ['nothing is known of this version', BEFORE, undefined],
  ['they have other numbers of columns', BEFORE, BEFORE.slice(1)],
])('no sign is there where %s', (_, before, after) => {
  expect(rangeDifferences(before, after, INPUTS)).toEqual([]);
});
