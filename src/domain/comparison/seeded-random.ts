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

/** The items in a random order that the seed determines (Fisher and Yates). */
export function seededOrder<Item>(items: readonly Item[], seed: string): readonly Item[] {
  const random = numbersFrom(seed);
  const order = [...items];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const at = Math.floor(random() * (last + 1));
    const [a, b] = [order[last], order[at]];
    if (a === undefined || b === undefined) continue;
    order[last] = b;
    order[at] = a;
  }
  return order;
}
