import { BY_CODE } from '#domain/artifact/ways-out.ts';
import type { Instance } from '#formats/pickle/values.ts';
import { rejected } from '#formats/rejected.ts';
import { firstOf, lastOf, nameOf, partsTo } from './model.ts';

const CLUSTERS =
  'Fit a classifier on its labels and save that, as `KNeighborsClassifier(1).fit(X, model.labels_)`, or use a clustering that predicts, as KMeans or Birch';
const EMBEDS = 'Use one that transforms new rows, as PCA, Isomap or UMAP';
const COVARIANCES = 'Use EllipticEnvelope, which predicts by a covariance';
const LABELS =
  'Save the model that was fitted on the labels: a classifier of scikit-learn takes and answers them as they are, without an encoder';

/** Estimators of scikit-learn 0.24 to 1.8 that answer only for the rows that they were fitted on; and the owner's remedy. */
const NONE_FOR_NEW_ROWS: Readonly<Record<string, string>> = {
  ...same(CLUSTERS, ['AgglomerativeClustering', 'DBSCAN', 'HDBSCAN', 'OPTICS']),
  ...same(CLUSTERS, ['SpectralClustering', 'SpectralBiclustering', 'SpectralCoclustering']),
  ...same(EMBEDS, ['TSNE', 'MDS', 'ClassicalMDS', 'SpectralEmbedding']),
  ...same(COVARIANCES, ['EmpiricalCovariance', 'ShrunkCovariance', 'LedoitWolf', 'OAS']),
  ...same(COVARIANCES, ['MinCovDet', 'GraphicalLasso', 'GraphicalLassoCV']),
};

const OF_LABELS = ['LabelEncoder', 'LabelBinarizer', 'MultiLabelBinarizer'] as const;

/** These take objects by name, or lists of any length, which are not tables. */
const OF_OBJECTS = ['DictVectorizer', 'FeatureHasher', 'PatchExtractor'] as const;

/** Estimators that learn nothing, so that nothing shows whether they were fitted. */
const STATELESS = /^(FunctionTransformer|FeatureHasher|HashingVectorizer|AdditiveChi2Sampler)$/;

/** Fails with `ArtifactRejected` for estimators whose `predict` or `transform` would reject every request, before anything is built for them. */
export function requireAnswersForNewRows(file: string, root: Instance): void {
  const last = lastOf(root);
  const first = firstOf(root);
  if (!isOfSklearn(root) || !isOfSklearn(last)) return;
  const [name, begins] = [nameOf(last), nameOf(first)];
  const noNew = NONE_FOR_NEW_ROWS[name];
  if (noNew) {
    throw rejected(
      `${file} holds ${name}, which answers for the rows that it was fitted on, and for no others`,
      `${noNew}.`,
    );
  }
  if (name === 'LocalOutlierFactor' && last.attributes.get('novelty') !== true) {
    throw rejected(
      `${file} holds LocalOutlierFactor with novelty=False, which answers for the rows that it was fitted on, and for no others`,
      'Fit it with LocalOutlierFactor(novelty=True), which predicts for new rows.',
    );
  }
  if (OF_LABELS.some((each) => each === name)) {
    throw rejected(
      `${file} holds ${name}, which encodes the labels of a model, not its rows`,
      `${LABELS}; or ${BY_CODE}.`,
    );
  }
  if (OF_OBJECTS.some((each) => each === begins)) {
    throw rejected(
      `${file} begins with ${begins}, which takes dicts or lists, and no table of columns`,
      `Put a ColumnTransformer with a OneHotEncoder, fitted on a table, in its place; or ${BY_CODE}.`,
    );
  }
  if (!partsTo(root).some(isFitted)) {
    throw rejected(
      `${file} holds ${name}, which is not fitted: it has learned nothing`,
      'Call fit before it is saved, and upload the file again.',
    );
  }
}

function same(fix: string, names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, fix]));
}

function isOfSklearn({ of }: Instance): boolean {
  return of.module.split('.')[0] === 'sklearn';
}

/** Learned attributes of an estimator end in an underscore (https://scikit-learn.org/stable/developers/develop.html#fitting); estimators of other libraries, or without a recorded version, may keep them otherwise. */
function isFitted(part: Instance): boolean {
  if (!isOfSklearn(part) || STATELESS.test(nameOf(part))) return true;
  const names = [...part.attributes.keys()];
  if (!names.includes('_sklearn_version')) return true;
  return names.some((name) => name.endsWith('_') || name.startsWith('_fit'));
}
