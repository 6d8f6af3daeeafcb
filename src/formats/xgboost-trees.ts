import { rejected } from './rejected.ts';
import { childrenFault, indicesFault, type TreeFault } from './tree-shape.ts';

const LISTS = [
  ...(['left_children', 'right_children', 'split_indices', 'parents', 'default_left'] as const),
  ...(['categories_nodes', 'categories_segments', 'categories_sizes'] as const),
] as const;

type Lists = Record<(typeof LISTS)[number], number[]>;

const NAMES: readonly string[] = LISTS;

// Of each there is one for each node; a tree of vectors has several of the last.
const COUNTED: readonly string[] = [
  ...['default_left', 'parents', 'split_conditions', 'split_type', 'loss_changes', 'sum_hessian'],
];
const NO_NODE = -1;
// XGBoost keeps them as floats, which hold no larger integers.
const MOST_CATEGORIES = 2 ** 24;
const NO_PARENT = 2 ** 31 - 1;
const IN_TREE = /^learner\.gradient_booster\.(?:gbtree\.)?model\.trees\[\]\.(\w+)(\[\])?$/;
const TREE = /^learner\.gradient_booster\.(?:gbtree\.)?model\.trees\[\]$/;
const GROUPS = /^learner\.gradient_booster\.(?:gbtree\.)?model\.tree_info(\[\])?$/;
const NODES = /^learner\.gradient_booster\.(?:gbtree\.)?model\.trees\[\]\.tree_param\.num_nodes$/;

/** Checks the lists of each tree as they are walked. XGBoost goes by them without a look at their length. */
export function xgboostTrees(file: string) {
  let lists: Lists = empty();
  let counts = new Map<string, number>();
  let mostFeature = -1;
  let mostGroup = -1;
  let trees = 0;

  const odd = (what: string) =>
    rejected(
      `${file} is damaged: its tree ${trees} ${what}`,
      "Save the model again with save_model('model.ubj') and upload the whole file.",
    );

  /** A tree ends where the next begins, or the list of all. */
  function close(): void {
    const { left_children: left, right_children: right, split_indices: indices } = lists;
    const nodes = left.length;
    if (nodes === 0) return;
    const fault: TreeFault =
      right.length !== nodes || indices.length !== nodes
        ? `has ${nodes} left children, ${right.length} right ones and ${indices.length} splits`
        : childrenFault(nodes, left, right);
    const negative = indices.find((index) => !(Number.isInteger(index) && index >= 0));
    if (fault || negative !== undefined) throw odd(fault ?? `splits by the feature ${negative}`);
    const odder = [...left, ...right].find((child) => child < NO_NODE);
    if (odder !== undefined) throw odd(`has the child ${odder}`);
    const uneven = COUNTED.find((name) => (counts.get(name) ?? nodes) !== nodes);
    if (uneven !== undefined) {
      throw odd(`has ${nodes} nodes, and ${counts.get(uneven)} numbers of ${uneven}`);
    }
    const strange =
      waysFault(lists, nodes) ?? categoriesFault(lists, counts.get('categories') ?? 0);
    if (strange) throw odd(strange);
    const isHalf = left.some((child, node) => child < 0 !== (right[node] ?? -1) < 0);
    if (isHalf) throw odd('has a node with one child');
    for (const index of indices) mostFeature = Math.max(mostFeature, index);
    lists = empty();
    counts = new Map();
    trees += 1;
  }

  return {
    /** True for a list that is to be walked. */
    enter(path: string): boolean {
      if (TREE.test(path)) close();
      const [, name = ''] = IN_TREE.exec(path) ?? [];
      return (
        NAMES.includes(name) || COUNTED.includes(name) || name === 'categories' || GROUPS.test(path)
      );
    },
    value(path: string, value: unknown): void {
      const [, name = '', isItem] = IN_TREE.exec(path) ?? [];
      if (isItem && isList(name)) lists[name].push(Number(value));
      else if (name === 'id' && Number(value) !== trees) throw odd(`has the id ${value}`);
      if (name === 'categories' && isItem) checkCategory(Number(value));
      if (isItem) counts.set(name, (counts.get(name) ?? 0) + 1);
      else if (GROUPS.test(path)) mostGroup = checkedGroup(Number(value), mostGroup);
      else if (NODES.test(path)) checkCount(Number(value));
    },
    /** Fails with `ArtifactRejected` where a tree names a feature or a group of answers that is not there. */
    end(features: number, groups: number): void {
      close();
      const fault =
        indicesFault(mostFeature < 0 ? [] : [mostFeature], features, 'feature') ??
        indicesFault(mostGroup < 0 ? [] : [mostGroup], Math.max(1, groups), 'group of answers');
      if (fault) throw odd(fault);
    },
  };

  function checkedGroup(group: number, most: number): number {
    if (!(Number.isInteger(group) && group >= 0)) throw odd(`answers for the group ${group}`);
    return Math.max(group, most);
  }

  function checkCategory(category: number): void {
    const isSound = Number.isInteger(category) && category >= 0 && category < MOST_CATEGORIES;
    if (!isSound) throw odd(`has the category ${category}`);
  }

  function checkCount(nodes: number): void {
    if (!(Number.isSafeInteger(nodes) && nodes > 0)) throw odd(`has ${nodes} nodes`);
  }
}

/** A tree of one target names the parent of each node, and on which side a missing number goes. */
function waysFault({ parents, default_left: ways }: Lists, nodes: number): TreeFault {
  const way = ways.find((each) => each !== 0 && each !== 1);
  if (way !== undefined) return `goes the way ${way}`;
  const [root = NO_PARENT, ...others] = parents;
  if (root !== NO_PARENT && root !== NO_NODE) return `has a root with the parent ${root}`;
  return indicesFault(others, nodes, 'parent');
}

/** Where a node decides by categories, they are a part of one list. */
function categoriesFault(lists: Lists, count: number): TreeFault {
  const { categories_nodes: nodes, categories_segments: starts, categories_sizes: sizes } = lists;
  if (starts.length !== nodes.length || sizes.length !== nodes.length) {
    return `has ${nodes.length} nodes of categories, ${starts.length} begins and ${sizes.length} sizes of them`;
  }
  const isSound = starts.every((start, at) => {
    const size = sizes[at] ?? -1;
    return Number.isSafeInteger(start + size) && start >= 0 && size >= 0 && start + size <= count;
  });
  if (!isSound) return `has categories that are not among its ${count}`;
  return indicesFault(nodes, lists.left_children.length, 'node');
}

function isList(name: string): name is keyof Lists {
  return NAMES.includes(name);
}

function empty(): Lists {
  return {
    ...{ left_children: [], right_children: [], split_indices: [], parents: [], default_left: [] },
    ...{ categories_nodes: [], categories_segments: [], categories_sizes: [] },
  };
}
