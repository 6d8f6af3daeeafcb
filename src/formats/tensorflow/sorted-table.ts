import { rejected } from '#formats/rejected.ts';

export type TableEntry = { readonly key: Buffer; readonly value: Buffer };

type Place = { readonly offset: number; readonly size: number };

// The table format of LevelDB, in which TensorFlow keeps the index of variables.
// https://github.com/google/leveldb/blob/main/doc/table_format.md
const MAGIC = 0xdb4775248b80fb57n;
const FOOTER_BYTES = 48;
const TRAILER_BYTES = 5;
const LONGEST_VARINT = 5;
const MAX_ENTRIES = 200_000;
const MAX_KEY_BYTES = 64 * 1024;
// In the file, keys share their prefixes; in memory they do not.
const MAX_ALL_KEYS_BYTES = 64 * 2 ** 20;

/** The entries of a whole table, in the order of their keys. Fails with `ArtifactRejected` where it is not a table, or is compressed, which TensorFlow never does. */
export function readTable(table: Buffer, file: string): readonly TableEntry[] {
  const odd = (what: string) =>
    rejected(`${file} is damaged: ${what}`, 'Save the model again and upload the whole folder.');

  function number(at: number, end: number): { readonly value: number; readonly next: number } {
    let value = 0;
    for (let place = 0; place < LONGEST_VARINT && at + place < end; place++) {
      const byte = table[at + place] ?? 0;
      value += (byte % 128) * 128 ** place;
      if (byte < 128) return { value, next: at + place + 1 };
    }
    throw odd('it ends within a number');
  }

  function place(at: number, end: number): Place & { readonly next: number } {
    const { value: offset, next } = number(at, end);
    const size = number(next, end);
    return { offset, size: size.value, next: size.next };
  }

  let [entriesRead, keyBytes] = [0, 0];

  function count(key: Buffer): void {
    entriesRead += 1;
    keyBytes += key.length;
    if (entriesRead > MAX_ENTRIES) throw odd(`it has more than ${MAX_ENTRIES} variables`);
    if (keyBytes > MAX_ALL_KEYS_BYTES)
      throw odd(`its names take more than ${MAX_ALL_KEYS_BYTES} bytes`);
  }

  function block({ offset, size }: Place): readonly TableEntry[] {
    if (offset + size + TRAILER_BYTES > table.length || size < 4)
      throw odd('it points outside itself');
    if (table[offset + size] !== 0) throw odd('it is compressed');
    const restarts = table.readUInt32LE(offset + size - 4);
    const end = offset + size - 4 - 4 * restarts;
    const entries: TableEntry[] = [];
    let key = Buffer.alloc(0);
    for (let at = offset; at < end; ) {
      const shared = number(at, end);
      const own = number(shared.next, end);
      const length = number(own.next, end);
      const valueAt = length.next + own.value;
      at = valueAt + length.value;
      if (at > end || shared.value > key.length) throw odd('one of its entries does not fit');
      if (shared.value + own.value > MAX_KEY_BYTES) throw odd('it has a name without end');
      key = Buffer.concat([key.subarray(0, shared.value), table.subarray(length.next, valueAt)]);
      count(key);
      entries.push({ key, value: table.subarray(valueAt, at) });
    }
    return entries;
  }

  const footer = table.length - FOOTER_BYTES;
  if (footer < 0 || table.readBigUInt64LE(table.length - 8) !== MAGIC) {
    throw odd('it is not an index of variables');
  }
  const index = place(place(footer, table.length).next, table.length);
  const found: TableEntry[] = [];
  for (const { value } of block(index)) {
    const at = value.byteOffset - table.byteOffset;
    found.push(...block(place(at, at + value.length)));
  }
  return found;
}
