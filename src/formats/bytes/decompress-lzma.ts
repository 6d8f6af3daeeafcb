import type { ByteReader } from './byte-reader.ts';
import { lzmaDecoder, SYMBOL_BYTES } from './lzma.ts';

/** Builds the error for compressed bytes that cannot be read; `why` follows `it is` in the message. */
export type Trouble = (why: string) => Error;

// The largest dictionary of xz's presets 0 to 9.
const MAX_DICTIONARY = 64 * 2 ** 20;
const READ_BYTES = 64 * 1024;
const PIECE_BYTES = 256 * 1024;

/** Decompresses the `lzma` format: properties, dictionary size and length, then one stream. */
export async function* unLzma(reader: ByteReader, trouble: Trouble): AsyncGenerator<Uint8Array> {
  const header = Buffer.from(await reader.take(13));
  if (header.length < 13) throw trouble('truncated');
  const dictionary = header.readUInt32LE(1);
  const size = header.readBigUInt64LE(5);
  const end = size === 2n ** 64n - 1n ? Number.POSITIVE_INFINITY : Number(size);
  const written: Uint8Array[] = [];
  const decoder = lzmaDecoder(dictionaryOf(dictionary, trouble), (bytes) => written.push(bytes));
  if (!decoder.setProperties(header[0] ?? 0)) throw trouble('damaged');

  let input = await reader.take(READ_BYTES);
  if (input.length < 5) throw trouble('truncated');
  let at = decoder.start(input, 0);
  for (;;) {
    const isLast = await isAtEnd();
    at = decoder.decode(input, at, Math.min(PIECE_BYTES, end - decoder.writtenBytes), isLast);
    if (Number.isNaN(at) || decoder.writtenBytes > end)
      throw trouble(isLast ? 'truncated' : 'damaged');
    yield* written.splice(0);
    if (decoder.isEnded || decoder.writtenBytes >= end) return;
  }

  async function isAtEnd(): Promise<boolean> {
    if (input.length - at > 2 * SYMBOL_BYTES) return false;
    const more = await reader.take(READ_BYTES);
    input = Buffer.concat([input.subarray(at), more]);
    at = 0;
    return more.length < READ_BYTES;
  }
}

const XZ_HEADER = 12;
const LZMA2 = 0x21;
const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64] as const;

/** Decompresses the `xz` format: LZMA2 blocks without other filters, up to the index of the first stream. */
export async function* unXz(reader: ByteReader, trouble: Trouble): AsyncGenerator<Uint8Array> {
  const header = await reader.take(XZ_HEADER);
  const checkBytes = CHECK_BYTES[(header[7] ?? 0) & 0x0f] ?? 0;
  for (;;) {
    const [words] = await reader.take(1);
    if (words === undefined) throw trouble('truncated');
    if (words === 0) return;
    const rest = await reader.take(words * 4 + 3);
    yield* unLzma2(reader, dictionaryOf(filterOf(rest, trouble), trouble), trouble);
    await reader.skip(((4 - (reader.position % 4)) % 4) + checkBytes);
  }
}

/** The dictionary size of a block whose one filter is LZMA2. */
function filterOf(header: Uint8Array, trouble: Trouble): number {
  const [flags = 0] = header;
  let at = 1;
  for (const isThere of [flags & 0x40, flags & 0x80]) {
    if (!isThere) continue;
    while ((header[at] ?? 0) >= 0x80) at += 1;
    at += 1;
  }
  const size = header[at + 2] ?? 0xff;
  if ((flags & 0x3f) !== 0 || header[at] !== LZMA2 || header[at + 1] !== 1 || size > 40) {
    throw trouble('compressed with filters that Python does not choose');
  }
  return (2 | (size & 1)) * 2 ** ((size >>> 1) + 11);
}

function dictionaryOf(bytes: number, trouble: Trouble): number {
  if (bytes > MAX_DICTIONARY) {
    throw trouble(
      `compressed with a dictionary of ${bytes} bytes, and the limit is ${MAX_DICTIONARY}`,
    );
  }
  return Math.max(bytes, 4096);
}

async function* unLzma2(
  reader: ByteReader,
  dictionary: number,
  trouble: Trouble,
): AsyncGenerator<Uint8Array> {
  const written: Uint8Array[] = [];
  const decoder = lzmaDecoder(dictionary, (bytes) => written.push(bytes));
  let hasProperties = false;
  for (;;) {
    const [control = -1] = await reader.take(1);
    if (control === 0) return;
    if (control < 0) throw trouble('truncated');
    if (control === 1 || control >= 0xe0) decoder.resetDictionary();
    if (control < 0x80) {
      if (control > 2) throw trouble('damaged');
      const [high = 0, low = 0] = await reader.take(2);
      decoder.copy(await reader.take(high * 256 + low + 1));
    } else {
      hasProperties = (await compressed(control)) || hasProperties;
    }
    yield* written.splice(0);
  }

  async function compressed(control: number): Promise<boolean> {
    const sizes = Buffer.from(await reader.take(4));
    if (sizes.length < 4) throw trouble('truncated');
    const outputBytes = (control & 0x1f) * 65_536 + sizes.readUInt16BE(0) + 1;
    const isNew = control >= 0xc0;
    if (isNew) {
      const [properties = 0xff] = await reader.take(1);
      if (!decoder.setProperties(properties)) throw trouble('damaged');
    } else if (control >= 0xa0) {
      decoder.resetState();
    }
    if (!isNew && !hasProperties) throw trouble('damaged');
    const input = await reader.take(sizes.readUInt16BE(2) + 1);
    if (input.length < 5) throw trouble('truncated');
    const end = decoder.writtenBytes + outputBytes;
    decoder.decode(input, decoder.start(input, 0), outputBytes, true);
    if (decoder.writtenBytes !== end) throw trouble('damaged');
    return isNew;
  }
}
