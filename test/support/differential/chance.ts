import { seeded } from '../fuzz/seeded.ts';

/** Choices that are the same for the same seed and index. */
export type Chance = {
  /** A whole number from 0 on, below `limit`. */
  below(limit: number): number;
  /** True as often as `share` says, from 0 to 1. */
  is(share: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  bytes(length: number): Buffer;
};

/** `index` counts the inputs of one run, so that any of them is made again without those before it. */
export function chanceOf(seed: number, index: number): Chance {
  const random = seeded(
    (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) + Math.imul(index, 0xc2b2ae35)) | 0,
  );
  const below = (limit: number) => Math.floor(random() * limit);
  return {
    below,
    is: (share) => random() < share,
    pick: (items) => items[below(items.length)]!,
    bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))),
  };
}

const EXTREMES = [
  0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
];

/** A file with one to three changes: bits, bytes, numbers, stretches that are cut, doubled, or come from another file. */
export function mutated(bytes: Buffer, others: readonly Buffer[], chance: Chance): Buffer {
  let whole = bytes;
  for (let changes = 1 + chance.below(3); changes > 0 && whole.length > 8; changes--) {
    whole = changedOnce(whole, chance.pick(others), chance);
  }
  return whole;
}

function changedOnce(bytes: Buffer, other: Buffer, chance: Chance): Buffer {
  const at = chance.below(bytes.length - 8);
  const length = 1 + chance.below(chance.pick([4, 16, 64, 512]));
  const [before, behind] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (chance.below(9)) {
    case 0:
    case 1:
      return Buffer.from(bytes.with(at, bytes[at]! ^ (1 << chance.below(8))));
    case 2:
      return Buffer.from(bytes.with(at, chance.below(256)));
    case 3:
      return before;
    case 4:
      return Buffer.concat([before, bytes.subarray(at + length)]);
    case 5:
      return Buffer.concat([before, chance.bytes(Math.min(length, 32)), behind]);
    case 6:
      return Buffer.concat([bytes.subarray(0, at + length), behind]);
    case 7: {
      const from = chance.below(other.length);
      return Buffer.concat([before, other.subarray(from, from + length), behind.subarray(length)]);
    }
    default:
      return withNumber(bytes, at, chance);
  }
}

function withNumber(bytes: Buffer, at: number, chance: Chance): Buffer {
  const copy = Buffer.from(bytes);
  const value = chance.pick(EXTREMES);
  const kind = chance.below(4);
  if (kind === 0) copy.writeUInt32LE(value, at);
  else if (kind === 1) copy.writeUInt32BE(value, at);
  else if (kind === 2) copy.writeUInt16LE(value & 0xffff, at);
  else copy.writeUInt8(value & 0xff, at);
  return copy;
}
