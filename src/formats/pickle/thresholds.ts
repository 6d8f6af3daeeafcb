import { noteMissing, type Thresholds, widen } from '#domain/artifact/column-range.ts';
import type { DType } from './values.ts';

type See = (bytes: Uint8Array) => void;
type Field = { readonly start: number; readonly code: string };

/** A split whose children lie behind it: how it treats missing values is known once both have passed by. */
type Split = {
  readonly column: number;
  readonly left: number;
  readonly right: number;
  readonly goesLeft: boolean;
};

const WHOLE = /^[iu][48]$/;
/** The counts of so many nodes of a tree are kept. */
const MOST_NODES = 1_000_000;

/** Notes the thresholds in records that are nodes of scikit-learn's trees as they pass by, and the columns in which values were missing; undefined for other records. */
export function thresholdsIn({ fields, itemBytes }: DType, into: Thresholds): See | undefined {
  const column = fields?.get('feature') ?? fields?.get('feature_idx');
  const threshold = fields?.get('threshold') ?? fields?.get('num_threshold');
  const leaf = fields?.get('is_leaf');
  if (!column || !WHOLE.test(column.code) || threshold?.code !== 'f8') return undefined;
  const node = new Uint8Array(itemBytes);
  const view = new DataView(node.buffer);
  const missing = missingIn(fields, view, into);
  let filled = 0;
  let index = 0;
  const note = () => {
    const at = wholeAt(view, column);
    const isLeaf = at < 0 || (leaf !== undefined && node[leaf.start] !== 0);
    missing?.(index, isLeaf ? undefined : at);
    index += 1;
    if (isLeaf) return;
    const value = view.getFloat64(threshold.start, true);
    // A split between missing values and all others is at infinity.
    if (value === Infinity) noteMissing(into, at);
    widen(into, at, value);
  };
  return (bytes) => {
    for (let at = 0; at < bytes.length; ) {
      const taken = bytes.subarray(at, at + itemBytes - filled);
      node.set(taken, filled);
      filled += taken.length;
      at += taken.length;
      if (filled < itemBytes) continue;
      note();
      filled = 0;
    }
  };
}

/**
 * Notes the columns in which values were missing, node by node. Without any, a split sends them to the child that had more rows, and the left one only if it had more:
 * https://scikit-learn.org/stable/modules/tree.html#missing-values-support. A split that does otherwise has seen some. Undefined for trees before 1.3, which take none.
 */
function missingIn(fields: DType['fields'], view: DataView, into: Thresholds) {
  const named = (...names: readonly string[]) =>
    names.map((name) => fields?.get(name)).find((field) => field !== undefined);
  const direction = named('missing_go_to_left');
  const [left, right] = [named('left_child', 'left'), named('right_child', 'right')];
  const rows = named('n_node_samples', 'count');
  if (!direction || !left || !right || !rows) return undefined;
  if (![left, right, rows].every(({ code }) => WHOLE.test(code))) return undefined;
  const counts: number[] = [];
  const waiting = new Map<number, Split>();
  return (index: number, column: number | undefined) => {
    if (index >= MOST_NODES) return;
    counts.push(wholeAt(view, rows));
    const split = waiting.get(index);
    waiting.delete(index);
    if (split) {
      const hasMoreLeft = (counts[split.left] ?? 0) > (counts[split.right] ?? 0);
      if (split.goesLeft !== hasMoreLeft) noteMissing(into, split.column);
    }
    if (column === undefined) return;
    const children = { left: wholeAt(view, left), right: wholeAt(view, right) };
    const last = Math.max(children.left, children.right);
    if (Math.min(children.left, children.right) <= index || last >= MOST_NODES) return;
    waiting.set(last, { column, ...children, goesLeft: view.getUint8(direction.start) !== 0 });
  };
}

/** The lower half of a number of 64 bits: no tree has so many nodes, rows or columns that it needs the other. */
function wholeAt(view: DataView, { start }: Field): number {
  return view.getInt32(start, true);
}
