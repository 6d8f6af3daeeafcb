import { crc32 } from 'node:zlib';

const GZIP_HEAD = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
const LAST_BLOCK = Buffer.from([1, 0, 0, 0xff, 0xff]);
const BLOCK_BYTES = 65_535;
const BLOCK_HEAD_BYTES = 5;
const PIECE_BYTES = 16 * (BLOCK_HEAD_BYTES + BLOCK_BYTES);

/**
 * The gzip of `chunks`, independent of their boundaries. Stored, not deflated: that would take twenty times as long, and weights hardly compress. zlib's own level 0 makes
 * other bytes for other chunk boundaries, so no layer would be recognised again, and takes three times the CPU.
 * https://www.rfc-editor.org/rfc/rfc1951#section-3.2.4 · https://www.rfc-editor.org/rfc/rfc1952
 * @param {AsyncIterable<Buffer>} chunks
 */
export async function* storedGzip(chunks) {
  let [crc, size] = [0, 0];
  let piece = Buffer.allocUnsafe(PIECE_BYTES);
  let block = 0;
  let at = BLOCK_HEAD_BYTES;
  const seal = () => {
    const length = at - block - BLOCK_HEAD_BYTES;
    piece.writeUInt8(0, block);
    piece.writeUInt16LE(length, block + 1);
    piece.writeUInt16LE(0xffff - length, block + 3);
    block = at;
    at += BLOCK_HEAD_BYTES;
  };
  yield GZIP_HEAD;
  for await (const chunk of chunks) {
    crc = crc32(chunk, crc);
    size += chunk.length;
    for (let from = 0; from < chunk.length; ) {
      const room = block + BLOCK_HEAD_BYTES + BLOCK_BYTES - at;
      const copied = chunk.copy(piece, at, from, from + room);
      from += copied;
      at += copied;
      if (copied === room) seal();
      if (block === PIECE_BYTES) {
        yield piece;
        piece = Buffer.allocUnsafe(PIECE_BYTES);
        block = 0;
        at = BLOCK_HEAD_BYTES;
      }
    }
  }
  seal();
  yield piece.subarray(0, block);
  const end = Buffer.alloc(8);
  end.writeUInt32LE(crc, 0);
  end.writeUInt32LE(size % 2 ** 32, 4);
  yield Buffer.concat([LAST_BLOCK, end]);
}
