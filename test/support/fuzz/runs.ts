import { SEED } from './seeded.ts';

/** Whether all is tried: random inputs many times, as CI does, and each of the faults that otherwise a third stands for. */
export const IS_THOROUGH = process.env['SLIPWAY_THOROUGH'] === '1';

/** How many random inputs a property is tried with, and by which seed: for fast-check. */
export function fuzzRuns(usual: number, thorough: number) {
  return { numRuns: IS_THOROUGH ? thorough : usual, seed: SEED };
}

/** A third of the trials, at least one; the seed decides which. A thorough run takes all of them. */
export function share<Item>(items: readonly Item[]): readonly Item[] {
  if (IS_THOROUGH) return items;
  const first = SEED % Math.min(3, items.length || 1);
  return items.filter((_, index) => index % 3 === first);
}

/** A third of the trials of each kind, at least one of each; the seed decides which. A thorough run takes all of them. */
export function shareOfEach<Item>(
  items: readonly Item[],
  kindOf: (item: Item) => string,
): readonly Item[] {
  return Object.values(Object.groupBy(items, kindOf)).flatMap((some = []) => share(some));
}
