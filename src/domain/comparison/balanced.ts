import { leastWhere } from '#domain/least-where.ts';

/** No client, no hour and no class of answers has more than such a part of the requests, where there are enough others. */
export const MOST_OF_ONE = { caller: 0.05, hour: 0.05, class: 0.5 } as const;
/** So many requests stay, however many of one they are: fewer would not show that at most 2 % differ. */
const ENOUGH = 300;

/**
 * The items, in their order, without those by which one group outweighs the others: a client that sends ten times as much as all others, an hour in which a job ran, the class that nearly all answers have.
 * No group has more than this part of what is left, or more than an equal part where that is larger; but at least 300 items stay. Items without a group all stay, and count for nothing here.
 */
export function balanced<Item>(
  items: readonly Item[],
  mostOfOne: number,
  groupOf: (item: Item) => string | undefined,
): readonly Item[] {
  const counts = new Map<string, number>();
  for (const item of items) {
    const group = groupOf(item);
    if (group !== undefined) counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  const most = mostOfEach([...counts.values()], mostOfOne);
  const taken = new Map<string, number>();
  return items.filter((item) => {
    const group = groupOf(item);
    if (group === undefined) return true;
    const before = taken.get(group) ?? 0;
    taken.set(group, before + 1);
    return before < most;
  });
}

/** How many of each group may stay. */
function mostOfEach(counts: readonly number[], mostOfOne: number): number {
  const largest = Math.max(0, ...counts);
  const left = (most: number) => counts.reduce((sum, count) => sum + Math.min(count, most), 0);
  const part = Math.max(mostOfOne, 1 / Math.max(1, counts.length));
  const all = left(largest);
  // The rest grows slower than the part that one may have.
  const isTooMany = (most: number) => most > part * left(most);
  const firstTooMany = leastWhere(1, largest + 1, isTooMany);
  const enough = leastWhere(1, largest, (most) => left(most) >= Math.min(all, ENOUGH));
  return Math.max(1, firstTooMany - 1, enough);
}
