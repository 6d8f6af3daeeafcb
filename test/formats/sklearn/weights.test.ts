import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { weightDifferences } from '#domain/comparison/weight-differences.ts';
import { Failure } from '#domain/failure.ts';
import { inspectSklearn } from '#formats/sklearn/inspect.ts';
import { inspectXgboost } from '#formats/xgboost/inspect.ts';
import { bytesSource } from '../../support/bytes/sources.ts';

const MODELS = join(import.meta.dirname, '../../fixtures/models');
const FLIPS = 40;

const sklearn = async (bytes: Uint8Array) =>
  (await inspectSklearn(bytesSource(bytes), 'model', [])).weights;
const xgboost = async (bytes: Uint8Array) =>
  (await inspectXgboost(bytesSource(bytes), 'model.ubj')).weights;
const fixture = (path: string) => readFile(join(MODELS, path));

/** The signs of fault in copies of a file with one byte changed, at places all over it; copies that are refused have none. */
async function signsOfFlips(bytes: Uint8Array, weightsOf: typeof sklearn) {
  const before = await weightsOf(bytes);
  const signs: string[] = [];
  for (let flip = 1; flip < FLIPS; flip += 1) {
    const at = Math.floor((bytes.length * flip) / FLIPS);
    const after = await weightsOf(bytes.with(at, (bytes[at] ?? 0) ^ 1)).catch((error) => {
      if (error instanceof Failure) return undefined;
      throw error;
    });
    signs.push(...weightDifferences(before, after).map(({ what }) => what));
  }
  return signs;
}

describe('the numbers of an estimator', () => {
  it('are told by their place, and by whether they answer or prepare', async () => {
    const found = await sklearn(await fixture('sklearn/columns-pipeline-1.8.joblib'));

    const namesOf = (isFinal: boolean) =>
      found?.filter((each) => each.isFinal === isFinal).map(({ name }) => name);
    expect(namesOf(true)).toEqual(['steps.classify.coef_', 'steps.classify.intercept_']);
    expect(namesOf(false)).toEqual(
      expect.arrayContaining([
        'steps',
        'steps.prepare.transformers_.numbers.steps.simpleimputer.statistics_',
        'steps.prepare.transformers_.numbers.steps.standardscaler.scale_',
      ]),
    );
  });

  it.each(['bz2', 'gzip', 'lz4', 'lzma', 'xz', 'zlib'])(
    'are the same where the file is compressed by %s',
    async (compression) => {
      const plain = await sklearn(await fixture('sklearn/forest-1.8.joblib'));

      expect(await sklearn(await fixture(`sklearn/forest-1.8-${compression}.joblib`))).toEqual(
        plain,
      );
    },
  );

  it('are not told of a support vector machine, which keeps rows of its training', async () => {
    expect(await sklearn(await fixture('sklearn/svc-1.8.joblib'))).toBeUndefined();
  });

  it('are the same in a pickle without joblib, which does not say how many magnitudes they have', async () => {
    const plain = await sklearn(await fixture('sklearn/forest-1.8.joblib'));

    expect(await sklearn(await fixture('sklearn/forest-1.8.pkl'))).toEqual(
      plain?.map((each) => ({ ...each, magnitudes: null })),
    );
  });
});

describe('a file with one byte changed', () => {
  it.each([
    ['a forest', 'sklearn/forest-1.8.joblib', sklearn],
    ['a forest in a pickle', 'sklearn/forest-1.8.pkl', sklearn],
    ['histogram trees', 'sklearn/hist-gradient-boosting-1.8.joblib', sklearn],
    ['trees of XGBoost', 'xgboost/regressor-3.2.ubj', xgboost],
  ])('of %s differs in some numbers', async (_, path, weightsOf) => {
    const signs = await signsOfFlips(await fixture(path), weightsOf);

    expect(signs.length).toBeGreaterThan(1);
    for (const sign of signs) {
      expect(sign).toMatch(/^some numbers in .* differ, and all others of the model are the same/);
    }
  });
});
