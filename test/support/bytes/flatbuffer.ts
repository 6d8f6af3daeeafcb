/** A table's fields by their numbers. A number is one of 32 bits, a list of numbers a vector of such, a list of tables a vector of these. */
export type FlatFields = { readonly [field: number]: FlatValue };
export type FlatValue =
  | number
  | string
  | Uint8Array
  | readonly number[]
  | readonly FlatFields[]
  | FlatFields;

/** The bytes of a flatbuffer with this root, right or wrong: each part comes after the offset that points to it. https://flatbuffers.dev/internals */
export function flatbufferOf(root: FlatFields, identifier: string): Buffer {
  const words: number[] = [0, Buffer.from(identifier, 'latin1').readInt32LE(0)];
  words[0] = 4 * table(root);
  return bytesOf(words);

  /** The table's begin, in words. */
  function table(fields: FlatFields): number {
    const count = Math.max(-1, ...Object.keys(fields).map(Number)) + 1;
    const slots = Array.from({ length: count }, (_, field) =>
      field in fields ? 4 + 4 * field : 0,
    );
    const vtable = words.length;
    const halves = [4 + 2 * count, 4 + 4 * count, ...slots];
    for (let at = 0; at < halves.length; at += 2) {
      words.push((halves[at] ?? 0) + (halves[at + 1] ?? 0) * 2 ** 16);
    }
    const start = words.length;
    words.push(4 * (start - vtable), ...slots.map(() => 0));
    for (const [field, value] of Object.entries(fields)) put(start + 1 + Number(field), value);
    return start;
  }

  function put(slot: number, value: FlatValue): void {
    words[slot] = typeof value === 'number' ? value : 4 * (part(value) - slot);
  }

  function part(value: Exclude<FlatValue, number>): number {
    if (typeof value === 'string') return inBytes(Buffer.from(`${value}\0`), value.length);
    if (value instanceof Uint8Array) return inBytes(value, value.length);
    if (!Array.isArray(value)) return table(value as FlatFields);
    const start = words.length;
    words.push(value.length, ...value.map(() => 0));
    for (const [at, each] of value.entries()) put(start + 1 + at, each);
    return start;
  }

  function inBytes(bytes: Uint8Array, length: number): number {
    const start = words.length;
    const padded = Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
    words.push(length);
    for (let at = 0; at < padded.length; at += 4) words.push(padded.readInt32LE(at));
    return start;
  }
}

function bytesOf(words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * words.length);
  for (const [at, word] of words.entries()) bytes.writeUInt32LE(word >>> 0, 4 * at);
  return bytes;
}
