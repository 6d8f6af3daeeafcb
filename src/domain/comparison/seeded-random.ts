/** Numbers from 0 to 1 that a text determines: mulberry32, seeded by the FNV-1a hash of the text. */
export function numbersFrom(text: string): () => number {
  let state = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    state = Math.imul(state ^ text.charCodeAt(at), 0x01000193);
  }
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The items in a random order that the seed and their own keys determine: one that is added moves no other. */
export function seededOrder<Item>(
  items: readonly Item[],
  seed: string,
  keyOf: (item: Item) => string,
): readonly Item[] {
  return items
    .map((item) => ({ item, rank: numbersFrom(`${seed} ${keyOf(item)}`)() }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}
