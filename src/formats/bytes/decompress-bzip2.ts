import type { ByteReader } from './byte-reader.ts';
import type { Trouble } from './decompress-lzma.ts';

// A block is 100,000 to 900,000 bytes uncompressed, and never much larger compressed.
const LEVEL_BYTES = 100_000;
const LARGEST_COMPRESSED = 1_200_000;
const BLOCK_MAGIC = 0x314159265359;
const END_MAGIC = 0x177245385090;
const GROUP_SYMBOLS = 50;
const MAX_CODE_BITS = 20;

type Bits = {
  /** Looks at up to 24 bits without consuming them; zeros past the end. */
  peek(count: number): number;
  pass(count: number): void;
  read(count: number): number;
  readonly isPastEnd: boolean;
};

/** Decompresses bzip2, up to the end of the first stream; checksums are not verified. */
export async function* unBzip2(reader: ByteReader, trouble: Trouble): AsyncGenerator<Uint8Array> {
  const header = await reader.take(4);
  const level = (header[3] ?? 0) - 0x30;
  if (header[2] !== 0x68 || level < 1 || level > 9) throw trouble('damaged');
  let held = await reader.take(LARGEST_COMPRESSED);
  let bitsBefore = 0;
  for (;;) {
    const bits = bitsOf(held, bitsBefore);
    const magic = bits.read(24) * 2 ** 24 + bits.read(24);
    if (magic === END_MAGIC) return;
    if (magic !== BLOCK_MAGIC) throw trouble(bits.isPastEnd ? 'truncated' : 'damaged');
    const block = unblock(bits, level * LEVEL_BYTES);
    if (!block || bits.isPastEnd) throw trouble(bits.isPastEnd ? 'truncated' : 'damaged');
    yield* unrepeated(block);
    const usedBytes = Math.floor(bits.position / 8);
    bitsBefore = bits.position % 8;
    held = Buffer.concat([held.subarray(usedBytes), await reader.take(usedBytes)]);
  }
}

function bitsOf(bytes: Uint8Array, start: number): Bits & { readonly position: number } {
  let position = start;
  const peek = (count: number) => {
    const at = position >>> 3;
    const [a = 0, b = 0, c = 0, d = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
    const word = (a << 24) | (b << 16) | (c << 8) | d;
    return (word << (position & 7)) >>> (32 - count);
  };
  return {
    peek,
    pass(count) {
      position += count;
    },
    read(count) {
      const value = peek(count);
      position += count;
      return value;
    },
    get isPastEnd() {
      return position > bytes.length * 8;
    },
    get position() {
      return position;
    },
  };
}

/** A block before its runs are expanded; undefined when it is damaged. */
function unblock(bits: Bits, blockBytes: number): Uint8Array | undefined {
  bits.read(24);
  bits.read(8);
  if (bits.read(1) === 1) return undefined;
  const origin = bits.read(24);
  const symbols = usedBytes(bits);
  const groups = bits.read(3);
  const selectorCount = bits.read(15);
  if (symbols.length === 0 || groups < 2 || groups > 6 || selectorCount === 0) return undefined;
  const selectors = readSelectors(bits, groups, selectorCount);
  const tables = Array.from({ length: groups }, () => readTable(bits, symbols.length + 2));
  if (!selectors || tables.includes(undefined)) return undefined;
  const order = selectors.map((index) => tables[index]);
  const coded = unmoved(bits, order, symbols, blockBytes);
  return coded && origin < coded.length ? unsorted(coded, origin) : undefined;
}

function usedBytes(bits: Bits): number[] {
  const ranges = bits.read(16);
  const used: number[] = [];
  for (let range = 0; range < 16; range += 1) {
    const map = ranges & (0x8000 >>> range) ? bits.read(16) : 0;
    for (let index = 0; index < 16; index += 1) {
      if (map & (0x8000 >>> index)) used.push(range * 16 + index);
    }
  }
  return used;
}

function readSelectors(bits: Bits, groups: number, count: number): number[] | undefined {
  const recent = Array.from({ length: groups }, (_, index) => index);
  const selectors: number[] = [];
  for (let index = 0; index < count; index += 1) {
    let place = 0;
    while (bits.read(1) === 1) {
      place += 1;
      if (place >= groups) return undefined;
    }
    const [selected = 0] = recent.splice(place, 1);
    recent.unshift(selected);
    selectors.push(selected);
  }
  return selectors;
}

/** A canonical Huffman code. For each length: the first longer code, padded to the longest length, and the offset from a code to its symbol's place. */
type Table = { readonly limits: number[]; readonly places: number[]; readonly symbols: number[] };

function readTable(bits: Bits, size: number): Table | undefined {
  const lengths: number[] = [];
  let length = bits.read(5);
  for (let index = 0; index < size; index += 1) {
    while (bits.read(1) === 1) {
      length += bits.read(1) === 1 ? -1 : 1;
      if (length < 1 || length > MAX_CODE_BITS) return undefined;
    }
    if (length < 1 || length > MAX_CODE_BITS) return undefined;
    lengths.push(length);
  }
  const table: Table = { limits: [0], places: [0], symbols: [] };
  let code = 0;
  for (let bitCount = 1; bitCount <= MAX_CODE_BITS; bitCount += 1) {
    const here = lengths.flatMap((found, symbol) => (found === bitCount ? [symbol] : []));
    table.places.push(table.symbols.length - code);
    table.symbols.push(...here);
    table.limits.push((code + here.length) << (MAX_CODE_BITS - bitCount));
    code = (code + here.length) * 2;
  }
  return table;
}

function readSymbol(bits: Bits, { limits, places, symbols }: Table): number {
  const code = bits.peek(MAX_CODE_BITS);
  let length = 1;
  while (length <= MAX_CODE_BITS && code >= (limits[length] ?? 0)) length += 1;
  bits.pass(length);
  return symbols[(code >>> (MAX_CODE_BITS - length)) + (places[length] ?? 0)] ?? -1;
}

/** Undoes Huffman coding, zero runs, and move-to-front. */
function unmoved(
  bits: Bits,
  tables: readonly (Table | undefined)[],
  used: number[],
  blockBytes: number,
): Uint8Array | undefined {
  const out = new Uint8Array(blockBytes);
  const recent = [...used];
  let [size, run, runUnit] = [0, 0, 1];
  for (let decoded = 0; ; decoded += 1) {
    const table = tables[Math.floor(decoded / GROUP_SYMBOLS)];
    const symbol = table ? readSymbol(bits, table) : -1;
    if (symbol < 0 || bits.isPastEnd) return undefined;
    if (symbol < 2) {
      run += runUnit * (symbol + 1);
      runUnit *= 2;
      if (run > blockBytes) return undefined;
      continue;
    }
    if (size + run > blockBytes) return undefined;
    out.fill(recent[0] ?? 0, size, size + run);
    size += run;
    [run, runUnit] = [0, 1];
    if (symbol === used.length + 1) return out.subarray(0, size);
    if (size >= blockBytes) return undefined;
    const [byte = 0] = recent.splice(symbol - 1, 1);
    recent.unshift(byte);
    out[size++] = byte;
  }
}

/** The inverse Burrows-Wheeler transform. */
function unsorted(last: Uint8Array, origin: number): Uint8Array {
  const starts = new Uint32Array(257);
  for (const byte of last) starts[byte + 1] = (starts[byte + 1] ?? 0) + 1;
  for (let byte = 1; byte <= 256; byte += 1)
    starts[byte] = (starts[byte] ?? 0) + (starts[byte - 1] ?? 0);
  const next = new Uint32Array(last.length);
  last.forEach((byte, index) => {
    const place = starts[byte] ?? 0;
    starts[byte] = place + 1;
    next[place] = index;
  });
  const out = new Uint8Array(last.length);
  let place = next[origin] ?? 0;
  for (let index = 0; index < out.length; index += 1) {
    out[index] = last[place] ?? 0;
    place = next[place] ?? 0;
  }
  return out;
}

const PIECE_BYTES = 64 * 1024;

/** Undoes the run-length coding: after four equal bytes comes the number of further repeats. */
function* unrepeated(block: Uint8Array): Generator<Uint8Array> {
  let piece = new Uint8Array(PIECE_BYTES + 256);
  let [size, same, previous] = [0, 0, -1];
  for (const byte of block) {
    if (same === 4) {
      piece.fill(previous, size, size + byte);
      size += byte;
      same = 0;
      previous = -1;
    } else {
      same = byte === previous ? same + 1 : 1;
      previous = byte;
      piece[size++] = byte;
    }
    if (size < PIECE_BYTES) continue;
    yield piece.subarray(0, size);
    piece = new Uint8Array(PIECE_BYTES + 256);
    size = 0;
  }
  yield piece.subarray(0, size);
}
