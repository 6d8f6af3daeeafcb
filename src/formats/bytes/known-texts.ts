const [MOST_KNOWN, LONGEST_KNOWN] = [1024, 64];

/** A stretch of bytes that are held. */
type Place = { readonly start: number; readonly end: number };

/**
 * The texts of a file that says the same few again and again, as the keys of its trees: to make one anew costs more than all else of it.
 * `read` makes the text of one that is not known.
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

/** Whether a text is what these bytes say, each a letter of ASCII. */
function says(text: string, held: Buffer, { start, end }: Place): boolean {
  if (text.length !== end - start) return false;
  for (let at = start; at < end; at += 1) {
    const byte = held[at] ?? 0;
    if (byte > 0x7f || text.charCodeAt(at - start) !== byte) return false;
  }
  return true;
}
