import type { FlatTable } from '#formats/bytes/flatbuffer.ts';
import { indicesFault, type TreeFault } from '#formats/trees/tree-shape.ts';

// The fields in the order of catboost/libs/model/flatbuffers/model.fbs.
const TREES = {
  ...({ splits: 1, sizes: 2, starts: 3, leafValues: 8 } as const),
  ...({ steps: 10, leaves: 11 } as const),
} as const;

/** The kinds of feature (float, one-hot, CTR, text), and for each the field with a value per split condition. */
const QUESTIONS = [
  { features: 5, field: 3 },
  { features: 6, field: 1 },
  { features: 7, field: 1 },
  { features: 13, field: 3 },
] as const;

const DEEPEST = 16;

/** The fault in a CatBoost file's trees, whose indices CatBoost does not check; undefined when they are sound. */
export async function catboostTreesFault(trees: FlatTable, dimension: number): Promise<TreeFault> {
  const splits = await trees.numbers(TREES.splits);
  const sizes = await trees.numbers(TREES.sizes);
  const starts = await trees.numbers(TREES.starts);
  const values = await trees.length(TREES.leafValues);
  return (
    rangesFault(sizes, starts, splits.length) ??
    indicesFault(splits, await questionsOf(trees), 'question') ??
    (await countsFault(trees)) ??
    ((await trees.length(TREES.steps)) > 0
      ? await unevenFault(trees, { sizes, starts, nodes: splits.length, dimension, values })
      : evenFault(sizes, dimension, values))
  );
}

async function questionsOf(trees: FlatTable): Promise<number> {
  let questions = 0;
  for (const { features, field } of QUESTIONS) {
    for (const feature of await trees.tables(features)) questions += await feature.length(field);
  }
  return questions;
}

const [FLOATS, WORDS, COUNTS] = [5, 4, 7];

/** A CTR feature combines features: categorical, float at a border, or one-hot. */
async function countsFault(trees: FlatTable): Promise<TreeFault> {
  const [words, floats] = [await trees.length(WORDS), await trees.length(FLOATS)];
  for (const feature of await trees.tables(COUNTS)) {
    const base = await (await feature.table(0))?.table(0);
    const combined = await base?.table(0);
    if (!combined) return 'has a count of nothing';
    const even = (numbers: readonly number[]) => numbers.filter((_, at) => at % 2 === 0);
    const fault =
      indicesFault(await combined.numbers(0), words, 'column of words') ??
      indicesFault(even(await combined.numbers(1, 2)), floats, 'column of numbers') ??
      indicesFault(even(await combined.numbers(2, 2)), words, 'column of words');
    if (fault) return fault;
  }
  return undefined;
}

/** The trees' ranges of splits follow each other without gaps. */
function rangesFault(
  sizes: readonly number[],
  starts: readonly number[],
  splits: number,
): TreeFault {
  let end = 0;
  for (const [tree, size] of sizes.entries()) {
    if (size < 0) return `has a tree of ${size} splits`;
    // Older files omit the starts, and CatBoost computes them.
    if (starts.length > 0 && starts[tree] !== end)
      return `has a tree that begins at ${starts[tree]}, behind ${end}`;
    end += size;
  }
  if (starts.length > 0 && starts.length !== sizes.length) return 'has more begins than trees';
  return end === splits ? undefined : `takes ${end} splits, and there are ${splits}`;
}

/** An oblivious tree asks one question per level, so it has a leaf for each combination of answers. */
function evenFault(sizes: readonly number[], dimension: number, values: number): TreeFault {
  const deep = sizes.find((size) => size > DEEPEST);
  if (deep !== undefined) return `has a tree of ${deep} levels; the limit is ${DEEPEST}`;
  const leaves = sizes.reduce((sum, size) => sum + 2 ** size, 0);
  return leaves * dimension === values
    ? undefined
    : `has ${leaves} leaves of ${dimension} numbers, and ${values} numbers`;
}

type Uneven = {
  readonly sizes: readonly number[];
  readonly starts: readonly number[];
  readonly nodes: number;
  readonly dimension: number;
  readonly values: number;
};

/** In any other tree, each node has the offsets to its children, 0 at a leaf, and the index of a leaf's values. */
async function unevenFault(trees: FlatTable, of: Uneven): Promise<TreeFault> {
  const steps = await trees.numbers(TREES.steps);
  const leaves = await trees.numbers(TREES.leaves);
  if (steps.length !== of.nodes || leaves.length !== of.nodes) {
    return `has ${of.nodes} splits, ${steps.length} steps and ${leaves.length} leaves`;
  }
  // For these trees, CatBoost does not compute the starts.
  if (of.starts.length !== of.sizes.length) return 'has no begins of its trees';
  let end = 0;
  for (const size of of.sizes) {
    const start = end;
    end += size;
    for (let node = start; node < end; node += 1) {
      const [left, right] = [(steps[node] ?? 0) & 0xffff, (steps[node] ?? 0) >>> 16];
      if (node + Math.max(left, right) >= end) return `has a node ${node} whose child is not there`;
      const leaf = leaves[node] ?? -1;
      const endsHere = left === 0 || right === 0;
      if (endsHere && !(leaf >= 0 && leaf + of.dimension <= of.values)) {
        return `has a leaf at ${leaf} of ${of.values} numbers`;
      }
    }
  }
  return undefined;
}
