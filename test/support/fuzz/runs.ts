import { SEED } from './seeded.ts';

/** Whether all is tried: random inputs many times, as CI does, and each of the faults that otherwise a third stands for. */
export const IS_THOROUGH = process.env['SLIPWAY_THOROUGH'] === '1';

/** How many random inputs a property is tried with, and by which seed: for fast-check. */
export function fuzzRuns(usual: number, thorough: number) {
  return { numRuns: IS_THOROUGH ? thorough : usual, seed: SEED };
}

/** A third of the trials, or one in so many, at least one; the seed decides which. A thorough run takes all of them. */
export function share<Item>(items: readonly Item[], oneIn = 3): readonly Item[] {
  if (IS_THOROUGH) return items;
  const first = SEED % Math.min(oneIn, items.length || 1);
  return items.filter((_, index) => index % oneIn === first);
}

// Independent of the choice of a share.
const OTHER_CHOICE = Math.floor(SEED / 6);

/** So many items that follow one another; the seed decides which. A thorough run takes all of them. */
export function someInARow<Item>(items: readonly Item[], count: number): readonly Item[] {
  if (IS_THOROUGH || items.length <= count) return items;
  const first = OTHER_CHOICE % (items.length - count + 1);
  return items.slice(first, first + count);
}

/** A third of the trials of each kind, at least one of each; the seed decides which. A thorough run takes all of them. */
export function shareOfEach<Item>(
  items: readonly Item[],
  kindOf: (item: Item) => string,
): readonly Item[] {
  return Object.values(Object.groupBy(items, kindOf)).flatMap((some = []) => share(some));
}
