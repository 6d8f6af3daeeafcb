import { readFile } from 'node:fs/promises';
import { requireAnswersForNewRows } from '#formats/sklearn/answers-new-rows.ts';
import { inspectSklearn } from '#formats/sklearn/inspect.ts';
import { pathOf } from '../../e2e/first-hour/others.ts';
import { fileSource } from '../../support/bytes/sources.ts';
import { part } from '../../support/models/parts.ts';
import { pickleRefusal } from '../../support/models/pickles.ts';

const FROZEN = 'sklearn.frozen._frozen.FrozenEstimator';
const MADE = { _sklearn_version: '1.9.1' };
const REGRESSION = 'sklearn.linear_model._logistic.LogisticRegression';

const inspected = async (name: string) =>
  inspectSklearn(await fileSource(pathOf(`first-hour/${name}.joblib`)), `${name}.joblib`, []);

it.each([
  {
    name: 'clusters',
    message: 'holds DBSCAN, which answers for the rows that it was fitted on, and for no others',
    fix: 'KNeighborsClassifier(1)',
  },
  {
    name: 'unfitted',
    message: 'holds LogisticRegression, which is not fitted',
    fix: 'Call fit before it is saved',
  },
])('a pipeline that could be asked nothing is refused before it is built: $name', async (each) => {
  const { message, fix } = await pickleRefusal(
    await readFile(pathOf(`first-hour/${each.name}.joblib`)),
  );

  expect(message).toContain(each.message);
  expect(fix).toContain(each.fix);
});

it.each([
  ['sklearn.neighbors._lof.LocalOutlierFactor', { novelty: false }, 'novelty=True'],
  ['sklearn.manifold._t_sne.TSNE', { embedding_: null }, 'PCA, Isomap or UMAP'],
  ['sklearn.covariance._empirical_covariance.EmpiricalCovariance', {}, 'EllipticEnvelope'],
  ['sklearn.preprocessing._label.LabelEncoder', { classes_: null }, 'without an encoder'],
  ['sklearn.feature_extraction._hash.FeatureHasher', {}, 'ColumnTransformer'],
])('%s with %j is refused with what to do', (name, attributes, fix) => {
  expect(() => requireAnswersForNewRows('m.pkl', part(name, attributes))).toThrow(
    expect.objectContaining({ name: 'ArtifactRejected', fix: expect.stringContaining(fix) }),
  );
});

it.each([
  'sklearn.cluster._dbscan.DBSCAN',
  'sklearn.manifold._t_sne.TSNE',
  'sklearn.covariance._empirical_covariance.EmpiricalCovariance',
])('no predict.py is proposed for %s, which has nothing to ask for a new row', (name) => {
  expect(() => requireAnswersForNewRows('m.pkl', part(name, {}))).toThrow(
    expect.objectContaining({ fix: expect.not.stringContaining('predict.py') }),
  );
});

it.each([
  ['sklearn.neighbors._lof.LocalOutlierFactor', { novelty: true, offset_: -1.5 }],
  ['sklearn.feature_extraction.text.HashingVectorizer', { input: 'content' }],
  // Its trees are copies of one that was never fitted.
  ['sklearn.ensemble._iforest.IsolationForest', { estimators_: null, estimator_: unfittedTree() }],
  [FROZEN, { ...MADE, estimator: part(REGRESSION, { ...MADE, coef_: null }) }],
  ['mytrans.DBSCAN', {}],
])('%s with %j may be asked', (name, attributes) => {
  expect(() => requireAnswersForNewRows('m.pkl', part(name, attributes))).not.toThrow();
});

it('a frozen estimator that was never fitted is refused too', () => {
  const frozen = part(FROZEN, { ...MADE, estimator: part(REGRESSION, MADE) });

  expect(() => requireAnswersForNewRows('m.pkl', frozen)).toThrow('which is not fitted');
});

it('texts that were fitted without names are columns called as scikit-learn calls them', async () => {
  const { signature, columns, takesColumns } = await inspected('unnamed-texts');

  expect(columns).toEqual(['x0', 'x1']);
  expect(takesColumns).toBe(true);
  expect(signature?.inputs).toEqual([
    { name: 'x0', datatype: 'BYTES', shape: [-1] },
    { name: 'x1', datatype: 'FP64', shape: [-1] },
  ]);
});

it('what transforms has its inputs told, and its outputs by the build', async () => {
  const { signature } = await inspected('transformer');

  expect(signature).toEqual({
    inputs: [{ name: 'input', datatype: 'FP64', shape: [-1, 4] }],
    outputs: [],
  });
});

function unfittedTree() {
  return part('sklearn.tree._classes.ExtraTreeRegressor', {});
}
