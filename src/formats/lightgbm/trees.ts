import { quoted } from '#formats/rejected.ts';
import { indicesFault, type TreeFault } from '#formats/trees/tree-shape.ts';

export type Lines = ReadonlyMap<string, string>;

/** The values by key; `twice` is a duplicate key; readers differ in which of its lines they take. */
export function linesOf(text: readonly string[]) {
  const lines = new Map<string, string>();
  let twice: string | undefined;
  for (const line of text) {
    const [key = '', ...rest] = line.split('=');
    if (lines.has(key) && line !== '') twice ??= key;
    lines.set(key, rest.join('='));
  }
  return { lines, twice };
}

/** The fault in a LightGBM tree, whose lists LightGBM reads by the counts without checking their lengths; undefined when it is sound. Adds the columns to `missing` whose splits know missing values. */
export function lightgbmTreeFault(
  text: string,
  features: number,
  missing: Set<number> = new Set(),
): TreeFault {
  const written = text.split('\n');
  const odd = written.find((line) => line !== '' && !/^\w+=[^=\0]*$/.test(line));
  if (odd !== undefined) return `has the line ${quoted(odd)}`;
  const { lines, twice } = linesOf(written);
  if (twice !== undefined) return `has ${quoted(twice)} twice`;
  const leaves = Number(lines.get('num_leaves'));
  if (!(Number.isSafeInteger(leaves) && leaves > 0)) return `has ${lines.get('num_leaves')} leaves`;
  noteMissing(lines, missing);
  return (
    lengthFault(lines, leaves) ??
    optionalFault(lines, leaves) ??
    nodesFault(lines, leaves) ??
    indicesFault(numbers(lines, 'split_feature'), features, 'feature') ??
    categoriesFault(lines) ??
    linearFault(lines, leaves, features)
  );
}

const OF_NODES = [
  'split_feature',
  'threshold',
  'decision_type',
  'left_child',
  'right_child',
] as const;

function lengthFault(lines: Lines, leaves: number): TreeFault {
  // A tree with a single leaf has no other lists.
  const names = leaves === 1 ? [] : OF_NODES;
  for (const name of names) {
    const { length } = words(lines, name);
    if (length !== leaves - 1) return `has ${leaves} leaves, and ${length} numbers of ${name}`;
  }
  const values = words(lines, 'leaf_value').length;
  return values === leaves ? undefined : `has ${leaves} leaves, and ${values} values of them`;
}

// Informational lists, which do not affect predictions: they may be missing, but LightGBM ends the process if one is not a list of that many numbers.
const OPTIONAL_OF_NODES = ['split_gain', 'internal_value', 'internal_weight', 'internal_count'];
const OPTIONAL_OF_LEAVES = ['leaf_weight', 'leaf_count'];
const STATISTICS: readonly string[] = [...OPTIONAL_OF_NODES, ...OPTIONAL_OF_LEAVES];
const NUMBER = /^[-+]?((\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?|inf|nan)$/i;
const OF_NUMBERS = ['threshold', 'leaf_value', 'leaf_coeff', 'leaf_const', 'shrinkage'];

/** Whether a line of a tree only informs. */
export function isStatistic(line: string): boolean {
  return STATISTICS.includes(line.split('=', 1)[0] ?? '');
}

function optionalFault(lines: Lines, leaves: number): TreeFault {
  if (!/^\d{1,9}$/.test(lines.get('num_cat') ?? '')) return 'has no number of categories';
  for (const name of [...STATISTICS, ...OF_NUMBERS]) {
    const wrong = words(lines, name).find((word) => !NUMBER.test(word));
    if (wrong !== undefined) return `has ${quoted(wrong)} as a number of ${name}`;
  }
  if (leaves === 1) return undefined;
  for (const name of STATISTICS) {
    const { length } = words(lines, name);
    const wanted = OPTIONAL_OF_LEAVES.includes(name) ? leaves : leaves - 1;
    if (lines.has(name) && length !== wanted) return `has ${length} numbers of ${name}`;
  }
  return undefined;
}

/** The type of missing values in the bits of a split's decision type: a training without any has 0. */
const MISSING_TYPE = 0b1100;

function noteMissing(lines: Lines, missing: Set<number>): void {
  const columns = numbers(lines, 'split_feature');
  for (const [at, type] of numbers(lines, 'decision_type').entries()) {
    const column = columns[at];
    if (column !== undefined && (type & MISSING_TYPE) !== 0) missing.add(column);
  }
}

/** A negative child is a leaf, -1 the first. Every leaf, and every node but the root, has exactly one parent. */
function nodesFault(lines: Lines, leaves: number): TreeFault {
  const nodes = new Uint8Array(leaves);
  const ends = new Uint8Array(leaves);
  nodes[0] = 1;
  if (leaves === 1) return undefined;
  for (const child of [...numbers(lines, 'left_child'), ...numbers(lines, 'right_child')]) {
    const isNode = child >= 0;
    const at = isNode ? child : -child - 1;
    const isThere = Number.isInteger(child) && at < (isNode ? leaves - 1 : leaves);
    if (!isThere) return `has the child ${child}, and ${leaves} leaves`;
    const known = isNode ? nodes : ends;
    if (known[at] === 1) return `has the child ${child} twice`;
    known[at] = 1;
  }
  return undefined;
}

/** In a categorical split, the threshold is the index of its category bitset. */
function categoriesFault(lines: Lines): TreeFault {
  const count = Number(lines.get('num_cat') ?? 0);
  if (!(Number.isSafeInteger(count) && count >= 0)) return `has ${lines.get('num_cat')} categories`;
  const thresholds = words(lines, 'threshold').map(Number);
  const places = numbers(lines, 'decision_type').flatMap((type, at) =>
    (type & 1) === 1 ? [thresholds[at] ?? -1] : [],
  );
  if (count === 0) return places.length > 0 ? 'decides by categories that it has not' : undefined;
  const bounds = numbers(lines, 'cat_boundaries');
  const bits = words(lines, 'cat_threshold').length;
  const isSound =
    bounds.length === count + 1 &&
    bounds[0] === 0 &&
    bounds.at(-1) === bits &&
    bounds.every((bound, at) => at === 0 || bound >= (bounds[at - 1] ?? 0));
  if (!isSound) return `has ${count} categories, whose bounds do not fit their ${bits} numbers`;
  return indicesFault(places, count, 'category');
}

/** A leaf may be a linear model, with a coefficient per feature. */
function linearFault(lines: Lines, leaves: number, features: number): TreeFault {
  if (Number(lines.get('is_linear') ?? 0) === 0) return undefined;
  const counts = numbers(lines, 'num_features');
  const used = numbers(lines, 'leaf_features');
  const sum = counts.reduce((total, count) => total + count, 0);
  const isSound =
    counts.length === leaves &&
    counts.every((count) => count >= 0) &&
    sum === used.length &&
    words(lines, 'leaf_coeff').length === sum &&
    words(lines, 'leaf_const').length === leaves;
  if (!isSound) return 'has leaves whose features do not fit them';
  return indicesFault(used, features, 'feature');
}

function numbers(lines: Lines, key: string): readonly number[] {
  return words(lines, key).map((word) => (/^-?\d{1,9}$/.test(word) ? Number(word) : Number.NaN));
}

function words(lines: Lines, key: string): readonly string[] {
  return (lines.get(key) ?? '').split(' ').filter((word) => word !== '');
}
