import { datatypeOf } from '#formats/pickle/numpy-dtype.ts';
import {
  type Instance,
  isCount,
  isInstance,
  isThing,
  itemsOf,
  type Value,
} from '#formats/pickle/values.ts';
import { innerOf, isArray, nameOf, namesOf, stepsOf } from './model.ts';

/** A part of an estimator, and the names of the table's columns that it is given, in its order; empty where that is not known. */
type Given = { readonly part: Instance; readonly columns: readonly string[] };

const MAX_PARTS = 10_000;

/** The columns of the table which hold texts, as those parts tell that are given them as they are. */
export function textsOf(root: Instance): ReadonlySet<string> {
  const found = new Set<string>();
  const seen = new Set<Instance>();
  const waiting: Given[] = [given(root, [])];
  for (const { part, columns } of waiting) {
    if (seen.has(part)) continue;
    seen.add(part);
    const isText = textPlaces(part, columns.length);
    for (const name of columns.filter((_, index) => isText(index))) found.add(name);
    if (waiting.length < MAX_PARTS) waiting.push(...within({ part, columns }));
  }
  return found;
}

/** Fitted on a table it has its names; else it is given what the part around it is, as far as it takes as many. */
function given(part: Instance, around: readonly string[]): Given {
  const { attributes } = part;
  const count = attributes.get('n_features_in_');
  const taken = !isCount(count) || count === around.length ? around : [];
  return { part, columns: namesOf(attributes.get('feature_names_in_')) ?? taken };
}

function within({ part, columns }: Given): readonly Given[] {
  const { attributes } = part;
  const list = (name: string) => itemsOf(attributes.get(name));
  const union = list('transformer_list').map((entry) => itemsOf(entry)[1]);
  const calibrated = list('calibrated_classifiers_').filter(isInstance);
  const alike = [
    ...[innerOf(part), attributes.get('_preprocessor'), ...list('estimators_'), ...union],
    ...calibrated.map((each) => each.attributes.get('estimator')),
  ];
  return [
    ...inSteps({ part, columns }),
    ...inTransformers({ part, columns }),
    ...alike.filter(isInstance).map((each) => given(each, columns)),
  ];
}

function inSteps({ part, columns }: Given): readonly Given[] {
  let taken = columns;
  return stepsOf(part)
    .filter(isInstance)
    .map((step) => {
      const found = given(step, taken);
      taken = keepsColumns(step) ? found.columns : [];
      return found;
    });
}

/** It answers a column for each, in the same places; what it adds stands behind them. */
function keepsColumns(step: Instance): boolean {
  return nameOf(step) === 'SimpleImputer' && step.attributes.get('add_indicator') !== true;
}

function inTransformers({ part, columns }: Given): readonly Given[] {
  const { attributes } = part;
  const known = attributes.get('_transformer_to_input_indices');
  return itemsOf(attributes.get('transformers_')).flatMap((entry) => {
    const [name, transformer, written] = itemsOf(entry);
    if (!isInstance(transformer)) return [];
    const places = isThing(known) && known.kind === 'dict' ? known.entries.get(String(name)) : null;
    return [given(transformer, places ? at(places, columns) : wordsIn(written))];
  });
}

function at(places: Value, columns: readonly string[]): readonly string[] {
  const names = itemsOf(places).map((place) => (isCount(place) ? columns[place] : undefined));
  return names.every((name) => name !== undefined) ? names : [];
}

/** Of a scikit-learn that does not keep the places of columns beside what chose them. */
function wordsIn(written: Value | undefined): readonly string[] {
  const list = typeof written === 'string' ? [written] : itemsOf(written);
  return list.every((name) => typeof name === 'string') ? list : [];
}

/** Whether it takes texts alone, and counts the words in each: not those of files, which a text may name. */
export function cutsTexts({ of, attributes }: Instance): boolean {
  const isVectorizer = /^sklearn\.feature_extraction\.text\.\w+Vectorizer$/.test(of.name);
  return isVectorizer && attributes.get('input') === 'content';
}

/** Whether it has found texts at a place, of so many. */
function textPlaces(part: Instance, count: number): (place: number) => boolean {
  const { attributes } = part;
  if (cutsTexts(part)) return () => count === 1;
  const learned = itemsOf(attributes.get('categories_'));
  if (learned.length === count) return (place) => isOfTexts(learned[place]);
  // Of a constant it is what was asked for, in each column.
  const usual =
    attributes.get('strategy') === 'most_frequent' ? attributes.get('statistics_') : null;
  const items = isArray(usual) ? usual.items : [];
  return (place) => typeof items[place] === 'string';
}

/** Python's objects may be numbers or booleans too, which an encoder does not know by their texts. */
function isOfTexts(values: Value | undefined): boolean {
  if (!isArray(values) || !values.dtype || datatypeOf(values.dtype) !== 'BYTES') return false;
  const isNumber = (item: Value) => ['boolean', 'number'].includes(typeof item);
  const { items } = values;
  return !items.some(isNumber) || !items.every((item) => item === null || isNumber(item));
}
