import { share } from '../support/fuzz/runs.ts';
import { SEED } from '../support/fuzz/seeded.ts';
import { swept } from '../sweep/swept.ts';
import { faultsOf } from '../sweep/table.ts';

/** Cases of the sweep that once went wrong, or are the only ones of their kind: a run tries a third of them, which the seed chooses. `.ci/sweep` runs all cases. */
const NAMES = [
  'DBSCAN',
  'KNeighborsClassifier-0',
  'LinearRegression-on-seconds',
  'OneHotEncoder-on-ids',
  'columns-forest',
  'columns-histogram-beside-booleans',
  'imputed-most_frequent-xgboost',
  'xgboost-binary-logistic-large.ubj',
];

it('a sample of the sweep answers as its frameworks do, in every shape of body', async () => {
  const tried = share(NAMES);
  process.stdout.write(`${tried.length} of ${NAMES.length} cases; SLIPWAY_SEED=${SEED}\n`);

  const results = await swept({ pattern: `/(${tried.join('|')})$`, oneIn: 1, seed: 1 });

  expect(results.flatMap(faultsOf)).toEqual([]);
  expect(results.map(({ name }) => name).sort()).toEqual([...tried].sort());
});
