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

/** A part of an estimator, and the table's columns that it receives, in order; empty when unknown. */
type Given = { readonly part: Instance; readonly columns: readonly string[] };

const MAX_PARTS = 10_000;

/** The table's text columns, as recorded by the parts that receive them unchanged. `names` are those of a table that was fitted without names. */
export function textsOf(root: Instance, names: readonly string[] = []): ReadonlySet<string> {
  const found = new Set<string>();
  const seen = new Set<Instance>();
  const waiting: Given[] = [given(root, names)];
  for (const { part, columns } of waiting) {
    if (seen.has(part)) continue;
    seen.add(part);
    const isText = textPlaces(part, columns.length);
    for (const name of columns.filter((_, index) => isText(index))) found.add(name);
    for (const name of textsByName(part)) found.add(name);
    if (waiting.length < MAX_PARTS) waiting.push(...within({ part, columns }));
  }
  return found;
}

/** A part fitted on a table has its own names; any other gets those of the enclosing part, if their number fits. */
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
  // A transformer that feature-engine wraps was fitted on some of the columns, by their own names.
  const wrapped = attributes.has('variables_') ? attributes.get('transformer_') : undefined;
  return [
    ...inSteps({ part, columns }),
    ...inTransformers({ part, columns }),
    ...alike.filter(isInstance).map((each) => given(each, columns)),
    ...(isInstance(wrapped) ? [given(wrapped, [])] : []),
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

/** Its output keeps the columns in place; indicators that it adds come after them. */
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

/** The column names in a selector, for a scikit-learn version that does not record column positions beside the selectors. */
function wordsIn(written: Value | undefined): readonly string[] {
  const list = typeof written === 'string' ? [written] : itemsOf(written);
  return list.every((name) => typeof name === 'string') ? list : [];
}

/** Whether it takes raw text and counts words; not the content of files that the text names. */
export function cutsTexts({ of, attributes }: Instance): boolean {
  const isVectorizer = /^sklearn\.feature_extraction\.text\.\w+Vectorizer$/.test(of.name);
  return isVectorizer && attributes.get('input') === 'content';
}

/** Whether the column at a place, out of `count`, was fitted on text. */
function textPlaces(part: Instance, count: number): (place: number) => boolean {
  const { attributes } = part;
  if (cutsTexts(part)) return () => count === 1;
  const learned = itemsOf(attributes.get('categories_'));
  if (learned.length === count) return (place) => isOfTexts(learned[place]);
  // For a constant strategy, the statistic is just the given constant, in each column.
  const usual =
    attributes.get('strategy') === 'most_frequent' ? attributes.get('statistics_') : null;
  const items = isArray(usual) ? usual.items : [];
  return (place) => typeof items[place] === 'string';
}

/** The columns in which a part of feature-engine has learned texts: it stores its results by column names. */
function textsByName({ attributes }: Instance): readonly string[] {
  const learned = ['encoder_dict_', 'imputer_dict_'].flatMap((name) =>
    entriesOf(attributes.get(name)),
  );
  return learned.filter(([, values]) => isText(values)).map(([name]) => name);
}

/** One text that replaces missing values, or a list of texts, or a table of their codes. */
function isText(values: Value): boolean {
  if (typeof values === 'string') return true;
  return [...itemsOf(values), ...entriesOf(values).map(([name]) => name)].some(
    (each) => typeof each === 'string',
  );
}

function entriesOf(value: Value | undefined): readonly (readonly [string, Value])[] {
  return isThing(value) && value.kind === 'dict' ? [...value.entries] : [];
}

/** Objects may also be numbers or booleans, which an encoder does not recognise in text form. */
function isOfTexts(values: Value | undefined): boolean {
  if (!isArray(values) || !values.dtype || datatypeOf(values.dtype) !== 'BYTES') return false;
  const isNumber = (item: Value) => ['boolean', 'number'].includes(typeof item);
  const { items } = values;
  return !items.some(isNumber) || !items.every((item) => item === null || isNumber(item));
}
