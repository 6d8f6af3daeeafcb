import {
  type ColumnRange,
  rangesOfTrees,
  type Thresholds,
  widen,
} from '#domain/artifact/column-range.ts';
import { remembered } from '#formats/bytes/walk.ts';
import {
  MOST_PRINTS,
  type Print,
  type Printer,
  printOfList,
  wholePrinter,
} from '#formats/bytes/weight-print.ts';
import arrays from '#formats/data/xgboost-arrays.json' with { type: 'json' };
import { rejected } from '#formats/rejected.ts';
import { type Directions, noteBothWays, noteDirection } from '#formats/trees/directions.ts';
import { childrenFault, indicesFault, type TreeFault } from '#formats/trees/tree-shape.ts';

type Lists = ReadonlyMap<string, readonly number[]>;

const LISTS: ReadonlySet<string> = new Set(arrays.lists);
// Lists with one entry per node: numbers with a fraction, and booleans in older files.
const COUNTED: ReadonlySet<string> = new Set(arrays.counted);
// Arrays of trees whose leaves are vectors: numbers for each node, or from 3.1 on for each leaf.
const OF_VECTORS: ReadonlySet<string> = new Set(['base_weights', 'leaf_weights']);
/** The thresholds of a tree, and the values of its leaves. */
const NUMBERS = 'split_conditions';
/** Where the missing values of each node go: left unless it is 0. */
const DIRECTIONS = 'default_left';
const LEAF_SIZE = 'trees[].tree_param.size_leaf_vector';
const [NO_NODE, NO_PARENT] = [-1, 2 ** 31 - 1];
const IN_TREE = /^trees\[\]\.(\w+)$/;
const IS_CATEGORICAL = 1;
const BYTES_OF_FLOAT = 4;
// XGBoost refuses categories from here on in a table; for a file, it allocates a bit per category below.
const MOST_CATEGORY = 2 ** 24;

/** The bounds of a tree's counts; there is one leaf value per target. */
const COUNTS: Readonly<Record<string, { readonly least: number; readonly most: number }>> = {
  'trees[].tree_param.num_nodes': { least: 1, most: 2 ** 31 - 1 },
  [LEAF_SIZE]: { least: 0, most: 1_000_000 },
};

/** Checks each tree's lists during the walk, by their path in the model. XGBoost does not check their lengths. */
export function xgboostTrees(file: string) {
  /** The name of a tree's list; empty for any other list. */
  const nameOf = remembered((place) => IN_TREE.exec(place)?.[1] ?? '');
  let lists = new Map<string, readonly number[]>();
  let counts = new Map<string, number>();
  let leafSize = 0;
  const vectorSizes = new Set<number>();
  let mostFeature = -1;
  let groups: readonly number[] = [];
  let trees = 0;
  let nodes = 0;
  let printer: Printer | undefined;
  const prints: Print[] = [];
  const thresholds: Thresholds = new Map();
  const directions: Directions = new Map();
  let conditions: Uint8Array[] = [];
  let ways: Uint8Array[] = [];

  const odd = (what: string) =>
    rejected(
      `${file} is damaged: its tree ${trees} ${what}`,
      "Save the model again with save_model('model.ubj') and upload the whole file.",
    );

  /** Ends a tree: when the next one begins, or the list of trees ends. */
  function close(): void {
    if (lists.size === 0) return;
    const { plain, fault: vectors } = vectorLeaves(lists, counts, leafSize);
    const fault =
      vectors ?? nodesFault(plain) ?? countsFault(plain, counts) ?? categoriesFault(plain);
    if (fault) throw odd(fault);
    for (const index of list(lists, 'split_indices')) mostFeature = Math.max(mostFeature, index);
    nodes += list(lists, 'left_children').length;
    takeThresholds(thresholds, lists, Buffer.concat(conditions));
    takeDirections(directions, lists, Buffer.concat(ways));
    [conditions, ways] = [[], []];
    lists = new Map();
    counts = new Map();
    if (leafSize > 1) vectorSizes.add(leafSize);
    leafSize = 0;
    trees += 1;
    if (printer && prints.length <= MOST_PRINTS) prints.push(printer.print());
    printer = undefined;
  }

  return {
    /** How to read a list; undefined when it is not one of these. */
    enter(place: string): 'numbers' | 'count' | undefined {
      if (place === 'trees[]') close();
      const name = nameOf(place);
      if (place === 'tree_info' || LISTS.has(name)) return 'numbers';
      return COUNTED.has(name) || OF_VECTORS.has(name) ? 'count' : undefined;
    },
    counted(place: string, items: number): void {
      counts.set(nameOf(place), items);
    },
    bytesOf(place: string): Printer['see'] | undefined {
      if (nameOf(place) === DIRECTIONS) return (bytes) => void ways.push(Uint8Array.from(bytes));
      if (nameOf(place) !== NUMBERS) return undefined;
      const own = wholePrinter();
      printer = own;
      return (bytes) => {
        own.see(bytes);
        conditions.push(Uint8Array.from(bytes));
      };
    },
    /** The print of all trees; undefined where one of them has none, or there are too many. */
    print(): Print | undefined {
      const isWhole = prints.length > 0 && prints.length === trees;
      return isWhole ? printOfList(prints) : undefined;
    },
    /** Where the columns lay, by the thresholds; undefined where there are none. */
    ranges(columns: number): readonly ColumnRange[] | undefined {
      noteBothWays(directions, thresholds);
      return thresholds.size > 0 ? rangesOfTrees(thresholds, columns) : undefined;
    },
    numbers(place: string, values: readonly number[]): void {
      const name = nameOf(place);
      if (name === '') groups = values;
      else lists.set(name, values);
    },
    value(place: string, value: unknown): void {
      if (place === 'trees[].id' && Number(value) !== trees) throw odd(`has the id ${value}`);
      const { least = 0, most = 0 } = COUNTS[place] ?? {};
      const count = Number(value);
      if (place === LEAF_SIZE) leafSize = count;
      if (most === 0 || (Number.isInteger(count) && count >= least && count <= most)) return;
      throw odd(`has ${count} as ${place.split('.').at(-1)}`);
    },
    /** The total number of nodes. Fails with `ArtifactRejected` when a tree names a feature or an output group that does not exist. */
    end(features: number, answers: number): number {
      close();
      const fault =
        indicesFault(mostFeature < 0 ? [] : [mostFeature], features, 'feature') ??
        indicesFault(groups, Math.max(1, answers), 'group of answers');
      if (fault) throw odd(fault);
      const size = [...vectorSizes].find((each) => each !== answers);
      if (size !== undefined) throw odd(`has leaves of ${size} numbers, for ${answers} answers`);
      return nodes;
    },
  };
}

/** UBJSON has the most significant byte of a number first. */
function takeThresholds(thresholds: Thresholds, lists: Lists, numbers: Buffer): void {
  const [left, splits] = [list(lists, 'left_children'), list(lists, 'split_indices')];
  const types = list(lists, 'split_type');
  if (numbers.length !== left.length * BYTES_OF_FLOAT) return;
  left.forEach((child, node) => {
    if (child === NO_NODE || types[node] === IS_CATEGORICAL) return;
    widen(thresholds, splits[node] ?? NO_NODE, numbers.readFloatBE(node * BYTES_OF_FLOAT));
  });
}

/** The directions have a byte for each node in UBJSON, or as many as a fraction in JSON. */
function takeDirections(directions: Directions, lists: Lists, ways: Buffer): void {
  const [left, splits] = [list(lists, 'left_children'), list(lists, 'split_indices')];
  const isNarrow = ways.length === left.length;
  if (!isNarrow && ways.length !== left.length * BYTES_OF_FLOAT) return;
  left.forEach((child, node) => {
    if (child === NO_NODE) return;
    const way = isNarrow ? ways[node] : ways.readUInt32BE(node * BYTES_OF_FLOAT);
    noteDirection(directions, splits[node] ?? NO_NODE, way !== 0);
  });
}

type Vectors = { readonly plain: Lists; readonly fault?: TreeFault };

/**
 * A tree of `multi_strategy="multi_output_tree"` has a vector of `size` numbers in each leaf: until 3.0 among those of all nodes, from 3.1 on in a separate list,
 * in which a leaf's right child is its index. XGBoost checks neither. Returns the lists with leaves that have no child.
 */
function vectorLeaves(lists: Lists, counts: ReadonlyMap<string, number>, size: number): Vectors {
  if (size <= 1) return { plain: lists };
  const [left, right] = [list(lists, 'left_children'), list(lists, 'right_children')];
  const numbers = counts.get('base_weights');
  if (numbers !== left.length * size)
    return { plain: lists, fault: otherCount('base_weights', numbers ?? 0, left.length) };
  const weights = counts.get('leaf_weights') ?? 0;
  if (weights === 0) return { plain: lists };
  const isLeaf = (node: number) => left[node] === NO_NODE;
  const places = right.filter((_, node) => isLeaf(node));
  const fault =
    weights === places.length * size
      ? indicesFault(places, places.length, 'leaf')
      : otherCount('leaf_weights', weights, left.length);
  const children = right.map((child, node) => (isLeaf(node) ? NO_NODE : child));
  return { plain: new Map([...lists, ['right_children', children]]), fault };
}

function nodesFault(lists: Lists): TreeFault {
  const [left, right] = [list(lists, 'left_children'), list(lists, 'right_children')];
  const splits = list(lists, 'split_indices');
  const nodes = left.length;
  if (right.length !== nodes || splits.length !== nodes) {
    return `has ${nodes} left children, ${right.length} right ones and ${splits.length} splits`;
  }
  const fault = childrenFault(nodes, left, right);
  if (fault) return fault;
  const isHalf = left.some((child, node) => child < 0 !== (right[node] ?? -1) < 0);
  if (isHalf) return 'has a node with one child';
  const odd = [...left, ...right].find((child) => child < NO_NODE);
  if (odd !== undefined) return `has the child ${odd}`;
  const negative = splits.find((index) => index < 0);
  return negative === undefined ? undefined : `splits by the feature ${negative}`;
}

/** Each list that is present has one entry per node; every node but the root has a parent. */
function countsFault(lists: Lists, counts: ReadonlyMap<string, number>): TreeFault {
  const nodes = list(lists, 'left_children').length;
  for (const [name, length] of counts) {
    if (!OF_VECTORS.has(name) && length !== nodes) return otherCount(name, length, nodes);
  }
  for (const name of ['split_type', 'parents']) {
    const length = lists.get(name)?.length ?? nodes;
    if (length !== nodes) return otherCount(name, length, nodes);
  }
  const [root = NO_PARENT, ...others] = list(lists, 'parents');
  if (root !== NO_PARENT && root !== NO_NODE) return `has a root with the parent ${root}`;
  return indicesFault(others, nodes, 'parent');
}

const otherCount = (name: string, length: number, nodes: number) =>
  `has ${nodes} nodes, and ${length} numbers of ${name}`;

/** The nodes with categorical splits are listed in order, each with its range of the category list. */
function categoriesFault(lists: Lists): TreeFault {
  const categories = list(lists, 'categories');
  const nodes = list(lists, 'categories_nodes');
  const starts = list(lists, 'categories_segments');
  const sizes = list(lists, 'categories_sizes');
  const decided = [...list(lists, 'split_type').entries()].flatMap(([node, type]) =>
    type === IS_CATEGORICAL ? [node] : [],
  );
  const isNamed =
    nodes.length === decided.length && nodes.every((node, at) => node === decided[at]);
  if (!isNamed) return `decides by categories at ${decided.length} nodes, and names others`;
  const isThere = nodes.every((_, at) => {
    const [start = -1, size = -1] = [starts[at], sizes[at]];
    return start >= 0 && size >= 0 && start + size <= categories.length;
  });
  if (!isThere || starts.length !== nodes.length || sizes.length !== nodes.length) {
    return `has categories outside the ${categories.length} that it lists`;
  }
  return indicesFault(categories, MOST_CATEGORY, 'category');
}

function list(lists: Lists, name: string): readonly number[] {
  return lists.get(name) ?? [];
}
