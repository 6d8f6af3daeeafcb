import type { ByteReader } from './byte-reader.ts';
import type { Trouble } from './decompress-lzma.ts';

const HEADER = { standAlone: 0x20, blockChecksum: 0x10, contentSize: 0x08, dictionary: 0x01 };
const WINDOW_BYTES = 64 * 1024;
const MAX_BLOCK = 4 * 2 ** 20;
const UNCOMPRESSED = 0x80000000;

/** Decompresses the LZ4 frame format, version 1, up to the end of the first frame. */
export async function* unLz4(reader: ByteReader, trouble: Trouble): AsyncGenerator<Uint8Array> {
  const [, , , , flags = 0, descriptor = 0] = await reader.take(6);
  if (flags >>> 6 !== 1 || (flags & HEADER.dictionary) !== 0) throw trouble('damaged');
  await reader.skip((flags & HEADER.contentSize ? 8 : 0) + 1);
  const blockBytes = Math.min(2 ** (8 + 2 * ((descriptor >>> 4) & 7)), MAX_BLOCK);
  let before: Uint8Array = new Uint8Array();
  for (;;) {
    const head = Buffer.from(await reader.take(4));
    if (head.length < 4) throw trouble('truncated');
    const size = head.readUInt32LE();
    if (size === 0) return;
    const length = size % UNCOMPRESSED;
    if (length > MAX_BLOCK) throw trouble('damaged');
    const block = await reader.take(length);
    if (block.length < length) throw trouble('truncated');
    const plain = size >= UNCOMPRESSED ? block : unblock(block, before, blockBytes);
    if (!plain) throw trouble('damaged');
    yield plain;
    if (flags & HEADER.blockChecksum) await reader.skip(4);
    if (!(flags & HEADER.standAlone))
      before = Buffer.concat([before, plain]).subarray(-WINDOW_BYTES);
  }
}

/** Undefined when the block is damaged. */
function unblock(
  block: Uint8Array,
  before: Uint8Array,
  blockBytes: number,
): Uint8Array | undefined {
  const out = new Uint8Array(before.length + blockBytes);
  out.set(before);
  let [from, to] = [0, before.length];

  const counted = (short: number) => {
    let length = short;
    if (short < 15) return length;
    for (let byte = 255; byte === 255; length += byte) byte = block[from++] ?? 0;
    return length;
  };

  while (from < block.length) {
    const token = block[from++] ?? 0;
    const literals = counted(token >>> 4);
    if (from + literals > block.length || to + literals > out.length) return undefined;
    out.set(block.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    if (from >= block.length) break;
    const distance = (block[from] ?? 0) + (block[from + 1] ?? 0) * 256;
    from += 2;
    const length = counted(token & 15) + 4;
    if (distance === 0 || distance > to || to + length > out.length) return undefined;
    for (const end = to + length; to < end; to += 1) out[to] = out[to - distance] ?? 0;
  }
  return out.subarray(before.length, to);
}
