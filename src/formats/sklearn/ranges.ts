import {
  around,
  type ColumnRange,
  range,
  rangesOfTrees,
  type Thresholds,
  withMissing,
} from '#domain/artifact/column-range.ts';
import { type Instance, isInstance, isThing, itemsOf, type Value } from '#formats/pickle/values.ts';
import { isArray, nameOf, namesOf, stepsOf } from './model.ts';

type Ranges = readonly ColumnRange[];

/** The columns of an estimator, by their number, and by their names where they have some. */
type Columns = { readonly features: number | null; readonly columns: readonly string[] | null };

/** The splits of scikit-learn's trees, and where the columns lay of the only booster of another library. */
type Trees = { readonly thresholds: Thresholds; readonly booster?: Ranges | undefined };

/** Steps that leave the columns as they are, but for their values. */
const KEEPS_COLUMNS = /^(Simple|KNN|Iterative)Imputer$|Scaler$|^passthrough$/;
const BOOSTER = /^(xgboost|lightgbm|catboost)\./;
const SPLITS = /Tree|Forest|Boosting|^Bagging|^AdaBoost/;
// https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.RobustScaler.html: between the quartiles of a normal distribution lie 1.35 deviations.
const QUARTILES = 1.35;

/**
 * Where the values of each column lay when the estimator was fitted: by its scalers, encoders and imputers, or by the thresholds of its trees where these take the columns as they are.
 * Undefined where it says nothing.
 */
export function rangesOf(
  root: Instance,
  { features, columns }: Columns,
  trees: Trees,
): Ranges | undefined {
  const width = features ?? columns?.length;
  if (!width) return undefined;
  const found = rangesIn(root, { width, columns: columns ?? [] }, trees);
  return found?.length === width ? found : undefined;
}

type Given = { readonly width: number; readonly columns: readonly string[] };

function rangesIn(part: Instance, given: Given, trees: Trees): Ranges | undefined {
  const steps = stepsOf(part);
  if (steps.length > 0) return rangesOfSteps(steps, given, trees);
  const inner = ['best_estimator_', 'regressor_'].map((name) => part.attributes.get(name));
  const [kept] = inner.filter(isInstance);
  if (kept) return rangesIn(kept, given, trees);
  if (nameOf(part) === 'ColumnTransformer') return rangesOfColumns(part, given, trees);
  if (BOOSTER.test(part.of.module)) return trees.booster;
  if (SPLITS.test(nameOf(part))) return rangesOfTrees(trees.thresholds, given.width);
  return ownRanges(part);
}

/** The first step that says something, as long as those before it leave the columns as they are; and which of them had missing values, by each step that gets them as they are. An imputer fills those of all columns. */
function rangesOfSteps(steps: readonly Value[], given: Given, trees: Trees): Ranges | undefined {
  let imputed: Ranges | undefined;
  const said: Ranges[] = [];
  let isFilled = false;
  for (const step of steps) {
    const name = isInstance(step) ? nameOf(step) : String(step);
    isFilled ||= isInstance(step) && fillsMissing(step);
    const found = isInstance(step) ? rangesIn(step, given, trees) : undefined;
    if (name.endsWith('Imputer')) imputed ??= found;
    else if (found) said.push(found);
    if (!KEEPS_COLUMNS.test(name)) break;
  }
  const known = said.filter(({ length }) => length === given.width);
  return (said[0] ?? imputed)?.map((range, at) =>
    withMissing(range, isFilled || known.some((ranges) => ranges[at]?.hasMissing)),
  );
}

/** Whether it is an imputer of values that are missing, and not of a number or text that stands for them. */
function fillsMissing(part: Instance): boolean {
  const missing = part.attributes.get('missing_values');
  return (
    /^(Simple|KNN|Iterative)Imputer$/.test(nameOf(part)) &&
    (missing === null || Number.isNaN(missing))
  );
}

/** Each column by the transformer that takes it. */
function rangesOfColumns(part: Instance, given: Given, trees: Trees): Ranges | undefined {
  const ranges = new Array<ColumnRange>(given.width).fill(null);
  for (const entry of itemsOf(part.attributes.get('transformers_'))) {
    const [, transformer, taken] = itemsOf(entry);
    const places = placesOf(taken, given);
    if (!isInstance(transformer) || places.length === 0) continue;
    const columns = places.map((place) => given.columns[place] ?? '');
    const found = rangesIn(transformer, { width: places.length, columns }, trees) ?? [];
    if (found.length !== places.length) continue;
    places.forEach((place, at) => {
      ranges[place] = found[at] ?? null;
    });
  }
  return ranges;
}

/** The numbers of the columns that are named, or counted. */
function placesOf(taken: Value | undefined, { width, columns }: Given): readonly number[] {
  const listed = isArray(taken) ? (namesOf(taken) ?? taken.few ?? []) : itemsOf(taken);
  const places = listed.map((each) => (typeof each === 'string' ? columns.indexOf(each) : each));
  const known = places.filter(
    (place): place is number => typeof place === 'number' && place >= 0 && place < width,
  );
  return known.length === listed.length ? known : [];
}

/** The ranges in the attributes of a fitted scaler, imputer or encoder. */
function ownRanges(part: Instance): Ranges | undefined {
  const { attributes } = part;
  const isFilled = fillsMissing(part);
  const numbers = (name: string) => numbersOf(attributes.get(name));
  const both = (
    one: readonly number[] | undefined,
    other: readonly number[] | undefined,
    rangeOf: (first: number, second: number) => ColumnRange,
  ) =>
    one && one.length === other?.length
      ? one.map((first, at) => rangeOf(first, other[at] ?? Number.NaN))
      : undefined;
  return (
    both(numbers('data_min_'), numbers('data_max_'), range) ??
    both(numbers('mean_'), numbers('scale_'), around) ??
    both(numbers('mean_'), numbers('var_'), (mean, variance) =>
      around(mean, Math.sqrt(variance)),
    ) ??
    both(numbers('center_'), numbers('scale_'), (middle, quartiles) =>
      around(middle, quartiles / QUARTILES),
    ) ??
    numbers('max_abs_')?.map((most) => range(-most, most)) ??
    numbers('statistics_')?.map((middle) =>
      withMissing(range(middle - Math.abs(middle), middle + Math.abs(middle)), isFilled),
    ) ??
    categoriesOf(attributes.get('categories_'))
  );
}

function numbersOf(value: Value | undefined): readonly number[] | undefined {
  if (!isArray(value) || !value.few) return undefined;
  const numbers = value.few.filter((each) => typeof each === 'number');
  return numbers.length === value.few.length ? numbers : undefined;
}

function isMissing(value: Value): boolean {
  return value === null || Number.isNaN(value);
}

function categoriesOf(value: Value | undefined): Ranges | undefined {
  const lists = itemsOf(value);
  if (!isThing(value) || lists.length === 0) return undefined;
  return lists.map((list) => {
    if (!isArray(list)) return null;
    const all: readonly Value[] = list.few ?? list.items;
    const values = all.filter((each) => typeof each === 'string' || typeof each === 'number');
    // An encoder has a category of its own for missing values, if it saw some.
    return withMissing(values.length > 0 ? { values } : null, all.some(isMissing));
  });
}
