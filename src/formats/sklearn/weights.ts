import type { WeightPrint } from '#domain/artifact/weights.ts';
import { type Print, printOfList, printOfTexts } from '#formats/bytes/weight-print.ts';
import {
  type Dict,
  type Instance,
  isInstance,
  isThing,
  itemsOf,
  type List,
  type Value,
} from '#formats/pickle/values.ts';
import { lastStepOf } from './model.ts';

/** More parts would make the record long; a model of more is one of many different estimators. */
const MOST_PARTS = 64;
/** The items of a longer list are one part: the trees of a forest. */
const LISTED = 8;
/** Fewer words are no vocabulary. */
const FEWEST_WORDS = 10;

/**
 * Estimators with numbers for each row, class or category that they were trained on, or with parts that saw a few rows: another training on nearly the same rows changes some of these and keeps the rest to the bit. The names are those of scikit-learn.
 */
const KEEPS_ROWS =
  /Neighbor|NearestCentroid|OutlierFactor|KernelDensity|NB$|DiscriminantAnalysis|GaussianProcess|SV[CR]$|OneClassSVM|KernelRidge|Label(?:Propagation|Spreading)|TargetEncoder|IsolationForest|^Bagging/;

type Place = { readonly value: Value; readonly name: string; readonly isFinal: boolean };

/** The prints of all numbers that a training found, by their place in the estimator; undefined where there are too many places, or none, or where a training changes only some of them. */
export function weightsOf(root: Instance): readonly WeightPrint[] | undefined {
  const last = lastStepOf(root);
  const found = new Map<string, { readonly isFinal: boolean; readonly prints: Print[] }>();
  const seen = new Set<Value>();
  const left: Place[] = [{ value: root, name: '', isFinal: root === last }];
  for (let place = left.pop(); place; place = left.pop()) {
    const { value, name } = place;
    if (!isThing(value) || seen.has(value)) continue;
    seen.add(value);
    if (isInstance(value) && KEEPS_ROWS.test(value.of.name)) return undefined;
    const isFinal = place.isFinal || value === last;
    for (const print of printsOf(value)) {
      const here = found.get(name) ?? { isFinal, prints: [] };
      here.prints.push(print);
      found.set(name, here);
    }
    // The last one put there is taken first.
    left.push(
      ...inside(value, name)
        .map((each) => ({ ...each, isFinal }))
        .reverse(),
    );
  }
  if (found.size === 0 || found.size > MOST_PARTS) return undefined;
  return [...found].map(([name, { isFinal, prints }]) => ({
    name,
    isFinal,
    ...printOfList(prints),
  }));
}

/** The print of the value itself, without that of what it holds. */
function printsOf(value: Value): readonly Print[] {
  if (!isThing(value)) return [];
  if (value.kind === 'dict') return vocabularyOf(value);
  if (value.kind === 'list') return stepsIn(value);
  return 'print' in value && value.print ? [value.print] : [];
}

/** The words of a vocabulary with their numbers. */
function vocabularyOf({ entries, length }: Dict): readonly Print[] {
  const words = [...entries];
  if (words.length < FEWEST_WORDS || length > words.length) return [];
  if (!words.every(([, number]) => typeof number === 'number')) return [];
  return [printOfTexts(words.map((entry) => JSON.stringify(entry)))];
}

/** The classes of named steps: one that was added prepares the rows too. */
function stepsIn({ items }: List): readonly Print[] {
  const steps = items.map(namedStep);
  const classes = steps.flatMap((step) => step?.part.of.name ?? []);
  return classes.length === 0 ? [] : [printOfTexts(classes)];
}

/** The estimator under a name, as pipelines and unions list theirs. */
function namedStep(value: Value) {
  const [name, part = null] = itemsOf(value);
  return typeof name === 'string' && isInstance(part) ? { name, part } : undefined;
}

function inside(value: Value, name: string): readonly Omit<Place, 'isFinal'>[] {
  if (!isThing(value)) return [];
  const below = (key: string | number) => (name === '' ? String(key) : `${name}.${key}`);
  switch (value.kind) {
    case 'instance':
      return [...value.attributes].map(([key, item]) => ({ value: item, name: below(key) }));
    case 'dict':
      return [...value.entries].map(([key, item]) => ({ value: item, name: below(key) }));
    case 'list':
    case 'tuple':
    case 'array':
      return value.items.map((item, at) => {
        const step = namedStep(item);
        if (step) return { value: step.part, name: below(step.name) };
        return { value: item, name: below(value.items.length > LISTED ? '*' : at) };
      });
    default:
      return [];
  }
}
