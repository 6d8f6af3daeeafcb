import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspectCatboost } from '#formats/catboost/inspect.ts';
import { inspectLightgbm } from '#formats/lightgbm/inspect.ts';
import { inspectXgboost } from '#formats/xgboost/inspect.ts';
import { bytesSource, fileSource } from '../../support/bytes/sources.ts';

const INSPECT = {
  catboost: inspectCatboost,
  lightgbm: inspectLightgbm,
  xgboost: inspectXgboost,
} as const;

const rangesOf = async (library: keyof typeof INSPECT, name: string) => {
  const path = join(import.meta.dirname, '../../fixtures/models', library, name);
  return (await INSPECT[library](await fileSource(path), name)).ranges;
};

it.each(['binary-2.1.txt', 'binary-3.3.txt', 'binary-4.6.txt'])(
  'LightGBM keeps the least and the largest value of each column: %s',
  async (name) => {
    expect(await rangesOf('lightgbm', name)).toEqual([
      { low: 4.3, high: 7.9 },
      { low: 2, high: 4.4 },
      { low: 1, high: 6.9 },
      { low: 0.1, high: 2.5 },
    ]);
  },
);

it('the codes of categories, which no client sends, are no range', async () => {
  expect(await rangesOf('lightgbm', 'categorical-4.6.txt')).toContain(null);
});

it('the thresholds of XGBoost say where the columns lay that it splits', async () => {
  expect(await rangesOf('xgboost', 'binary-2.1.ubj')).toEqual([
    null,
    null,
    { low: 4.75, high: 5.05 },
    { low: 1.55, high: 1.85 },
  ]);
});

it('the borders of CatBoost say where the columns lay that it splits', async () => {
  const [first, ...others] = (await rangesOf('catboost', 'binary-1.2.10.cbm')) ?? [];

  expect(others).toHaveLength(3);
  expect(first).toEqual({ low: expect.any(Number), high: expect.any(Number) });
  const { low = 0, high = 0 } = first as { low: number; high: number };
  expect(low).toBeGreaterThan(3);
  expect(high).toBeLessThan(9);
});

describe('a column with missing values in the training', () => {
  it.each([
    ['lightgbm', 'missing-4.6.txt'],
    ['xgboost', 'missing-3.4.json'],
    ['xgboost', 'missing-3.4.ubj'],
    ['catboost', 'missing-1.2.10.cbm'],
  ] as const)('is known to %s: %s', async (library, name) => {
    const ranges = (await rangesOf(library, name)) ?? [];

    expect(ranges.map((range) => range?.hasMissing ?? false)).toEqual([false, false, true, false]);
    // The border of missing values is none of the column.
    expect(ranges[2]).toMatchObject({ low: expect.any(Number), hasMissing: true });
    const { low = 0, high = 0 } = ranges[2] as { low: number; high: number };
    expect([low > -2, high < 9]).toEqual([true, true]);
  });

  it.each([
    ['lightgbm', 'binary-4.6.txt'],
    ['lightgbm', 'forest-2.1.txt'],
    ['xgboost', 'binary-2.1.json'],
    ['xgboost', 'multiclass-3.4.ubj'],
    ['catboost', 'multiclass-1.2.10.cbm'],
  ] as const)('is not said of a model of %s that had none: %s', async (library, name) => {
    const ranges = (await rangesOf(library, name)) ?? [];

    expect(ranges).toHaveLength(4);
    expect(ranges.filter((range) => range?.hasMissing)).toEqual([]);
  });

  it('is seen by directions that JSON of XGBoost has as truths', async () => {
    const path = join(import.meta.dirname, '../../fixtures/models/xgboost/missing-3.4.json');
    const text = (await readFile(path, 'utf8')).replaceAll(
      /"default_left":\s*\[[^\]]*\]/g,
      (list) => list.replaceAll('1', 'true').replaceAll('0', 'false'),
    );
    const { ranges } = await inspectXgboost(bytesSource(Buffer.from(text)), 'missing.json');

    expect(ranges).toEqual(await rangesOf('xgboost', 'missing-3.4.json'));
  });
});
