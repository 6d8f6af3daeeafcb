import { MOST_CLASSES } from '#domain/artifact/signature.ts';
import { datatypeOf } from '#formats/pickle/numpy-dtype.ts';
import {
  type Instance,
  isCount,
  isInstance,
  isThing,
  itemsOf,
  type Ndarray,
  type Value,
} from '#formats/pickle/values.ts';

/** The records of a fitted estimator; null where it records nothing. */
export type Estimator = {
  readonly features: number | null;
  readonly columns: readonly string[] | null;
  /** Null unless it is a classifier with one output. */
  readonly classes: Classes | null;
  readonly steps: readonly string[];
};

/** The number of classes, the protocol's name of their type, and their labels where they are few. */
export type Classes = {
  readonly count: number;
  readonly datatype: string;
  readonly labels?: readonly string[];
};

/** Reads an estimator through the pipelines and searches that wrap it. */
export function readEstimator(root: Instance): Estimator {
  const first = chain(root, firstPart);
  const columns = first
    .map(({ attributes }) => namesOf(attributes.get('feature_names_in_')))
    .find(Boolean);
  const features = first.map(featuresOf).find((count) => count !== undefined);
  const classes = chain(root, lastPart).map(classesOf).find(Boolean);
  return {
    features: columns?.length ?? features ?? null,
    columns: columns ?? null,
    classes: classes ?? null,
    steps: stepsOf(root).map((step) => (isInstance(step) ? nameOf(step) : String(step))),
  };
}

/** The final estimator, which gives the answer. */
export function lastOf(root: Instance): Instance {
  return chain(root, lastPart).at(-1) ?? root;
}

/** The last step of the pipeline that a search keeps, or of the estimator itself; it may be an ensemble. */
export function lastStepOf(root: Instance): Instance {
  const next = (part: Instance) => {
    const inner = innerOf(part);
    return (
      stepsOf(part).findLast(isInstance) ?? (inner && stepsOf(inner).length > 0 ? inner : undefined)
    );
  };
  return chain(root, next).at(-1) ?? root;
}

/** The first estimator, which receives the rows unchanged. */
export function firstOf(root: Instance): Instance {
  return chain(root, firstPart).at(-1) ?? root;
}

/** Every part that leads to the first and the final estimator, including the root. */
export function partsTo(root: Instance): readonly Instance[] {
  return [...chain(root, firstPart), ...chain(root, lastPart)];
}

/** `SVC` of `sklearn.svm._classes.SVC`. */
export function nameOf({ of }: Instance): string {
  return of.name.slice(of.module.length + 1);
}

function chain(
  root: Instance,
  next: (part: Instance) => Instance | undefined,
): readonly Instance[] {
  const parts = new Set<Instance>();
  for (let part: Instance | undefined = root; part && !parts.has(part); part = next(part))
    parts.add(part);
  return [...parts];
}

export function stepsOf({ attributes }: Instance): readonly Value[] {
  return itemsOf(attributes.get('steps')).map((step) => itemsOf(step)[1] ?? null);
}

// A search keeps its best estimator, and other meta-estimators their inner one, under one of these names.
const INNER = ['best_estimator_', 'regressor_', 'estimator_'] as const;

export function innerOf(part: Instance): Instance | undefined {
  // In most wrappers, `estimator` is not fitted; in a FrozenEstimator, it is the fitted one.
  const names = nameOf(part) === 'FrozenEstimator' ? ['estimator'] : INNER;
  return names.map((name) => part.attributes.get(name)).find(isInstance);
}

function firstPart(part: Instance): Instance | undefined {
  const several = [
    ...itemsOf(part.attributes.get('estimators_')),
    ...itemsOf(part.attributes.get('transformer_list')).map((entry) => itemsOf(entry)[1] ?? null),
  ];
  return stepsOf(part).find(isInstance) ?? innerOf(part) ?? several.find(isInstance);
}

function lastPart(part: Instance): Instance | undefined {
  return stepsOf(part).findLast(isInstance) ?? innerOf(part);
}

export function isArray(value: Value | undefined): value is Ndarray {
  return isThing(value) && value.kind === 'array';
}

function featuresOf(part: Instance): number | undefined {
  const { attributes } = part;
  // It takes one number, but does not record that.
  if (nameOf(part) === 'IsotonicRegression') return 1;
  return [attributes.get('n_features_in_'), attributes.get('_n_features_in')].find(isCount);
}

/** The names of columns: scikit-learn keeps them in an array, feature-engine in a list. */
export function namesOf(value: Value | undefined): readonly string[] | undefined {
  const [items, count] = isArray(value)
    ? [value.items, value.shape[0]]
    : [itemsOf(value), isThing(value) && value.kind === 'list' ? value.length : 0];
  const names = items.filter((name) => typeof name === 'string');
  return names.length > 0 && names.length === count ? names : undefined;
}

function classesOf({ attributes, of }: Instance): Classes | undefined {
  const classes = attributes.get('classes_') ?? attributes.get('_classes');
  const number = attributes.get('n_classes_');
  // XGBoost only takes integer classes from 0, and records their number.
  if (of.module === 'xgboost.sklearn' && isCount(number)) {
    const isKept = number <= MOST_CLASSES.count;
    const labels = isKept && Array.from({ length: number }, (_, label) => String(label));
    return { count: number, datatype: 'INT64', ...(labels && { labels }) };
  }
  if (!isArray(classes) || !classes.dtype || classes.shape.length !== 1) return undefined;
  const labels = namesOf(classes) ?? classes.few?.map(String);
  const count = classes.shape[0] ?? 0;
  return { count, datatype: datatypeOf(classes.dtype), ...(labels && { labels }) };
}
