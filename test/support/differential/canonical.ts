import type { DType, Value } from '#formats/pickle/values.ts';

// The compared part of one value: enough to recognize another object, and little enough to be sent for each input.
const MAX_DEPTH = 6;
const MAX_ITEMS = 24;
const MAX_NODES = 800;

/** A value as JSON for `readers/values.py`; `any` is a value that inspection does not look into. */
export function canonical(value: Value): unknown {
  let left = MAX_NODES;
  return write(value, 0);

  function write(each: Value, depth: number): unknown {
    left -= 1;
    if (left < 0 || depth > MAX_DEPTH) return ANY;
    if (typeof each === 'number') return Number.isFinite(each) ? each : { k: 'nan' };
    if (typeof each !== 'object' || each === null) return each;
    const items = (some: readonly Value[]) =>
      some.slice(0, MAX_ITEMS).map((item) => write(item, depth + 1));
    const entries = (some: ReadonlyMap<string, Value>) =>
      [...some].slice(0, MAX_ITEMS).map(([key, item]) => [key, write(item, depth + 1)]);
    switch (each.kind) {
      case 'tuple':
        return { k: 'tuple', v: items(each.items), n: each.items.length };
      case 'list':
        return { k: 'list', v: items(each.items), n: each.length };
      case 'dict': {
        const { entries: texts, length, hasUnread } = each;
        return {
          k: 'dict',
          v: entries(texts),
          n: length,
          hasUnread,
          isWhole: texts.size <= MAX_ITEMS,
        };
      }
      case 'bytes':
        return { k: 'bytes', v: each.head };
      case 'dtype':
        return { k: 'dtype', ...typeOf(each) };
      case 'array':
        return { k: 'array', s: each.shape, d: null, ...(each.dtype && arrayType(each.dtype)) };
      case 'instance':
        return { k: 'instance', g: each.of.name, a: entries(each.attributes) };
      case 'global':
        return { k: 'global', g: each.name };
      default:
        return ANY;
    }
  }
}

const ANY = { k: 'any' } as const;

function typeOf({ code, itemBytes }: DType) {
  return { v: code, b: itemBytes };
}

function arrayType({ code, itemBytes }: DType) {
  return { d: code, b: itemBytes };
}
