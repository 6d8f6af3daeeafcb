const [MOST_KNOWN, LONGEST_KNOWN] = [1024, 64];

/** A range of bytes that are in memory. */
type Place = { readonly start: number; readonly end: number };

/**
 * Caches strings for a file that repeats a few, such as the keys of its trees: decoding them anew would dominate the cost.
 * `read` decodes a string that is not cached.
 */
export function knownTexts() {
  const known = Array.from({ length: MOST_KNOWN }, () => '');

  return (held: Buffer, { start, end }: Place, read: (bytes: Buffer) => string): string => {
    if (end - start > LONGEST_KNOWN) return read(held.subarray(start, end));
    let sum = 0;
    for (let at = start; at < end; at += 1) sum = (31 * sum + (held[at] ?? 0)) % MOST_KNOWN;
    const kept = known[sum] ?? '';
    if (says(kept, held, { start, end })) return kept;
    const text = read(held.subarray(start, end));
    known[sum] = text;
    return text;
  };
}

/** Whether these bytes, all ASCII, spell this string. */
function says(text: string, held: Buffer, { start, end }: Place): boolean {
  if (text.length !== end - start) return false;
  for (let at = start; at < end; at += 1) {
    const byte = held[at] ?? 0;
    if (byte > 0x7f || text.charCodeAt(at - start) !== byte) return false;
  }
  return true;
}
