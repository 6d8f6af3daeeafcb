import { join } from 'node:path';
import { inspectLightgbm } from '#formats/lightgbm/inspect.ts';
import { inspectXgboost } from '#formats/xgboost/inspect.ts';
import { fileSource } from '../../support/bytes/sources.ts';

const INSPECT = { lightgbm: inspectLightgbm, xgboost: inspectXgboost } as const;

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
