import { type Thresholds, widen } from '#domain/artifact/column-range.ts';
import type { DType } from './values.ts';

type See = (bytes: Uint8Array) => void;

/** Notes the thresholds in records that are nodes of scikit-learn's trees as they pass by; undefined for other records. */
export function thresholdsIn({ fields, itemBytes }: DType, into: Thresholds): See | undefined {
  const column = fields?.get('feature') ?? fields?.get('feature_idx');
  const threshold = fields?.get('threshold') ?? fields?.get('num_threshold');
  const leaf = fields?.get('is_leaf');
  if (column?.code !== 'i8' && column?.code !== 'i4' && column?.code !== 'u4') return undefined;
  if (threshold?.code !== 'f8') return undefined;
  const node = new Uint8Array(itemBytes);
  const view = new DataView(node.buffer);
  let filled = 0;
  const note = () => {
    if (leaf && node[leaf.start] !== 0) return;
    const at =
      column.code === 'i8'
        ? Number(view.getBigInt64(column.start, true))
        : view.getInt32(column.start, true);
    widen(into, at, view.getFloat64(threshold.start, true));
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
