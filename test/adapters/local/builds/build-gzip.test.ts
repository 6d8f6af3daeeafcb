import { gunzipSync } from 'node:zlib';
import { COMMANDS } from '../../../support/local/commands.ts';

const { storedGzip } = await import(`${COMMANDS}stored-gzip.mjs`);

const BLOCK = 65_535;
const PIECE = 16 * BLOCK;

async function packed(bytes: Buffer, chunkBytes: number): Promise<Buffer> {
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, index) =>
    bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes),
  );
  const pieces: Buffer[] = [];
  for await (const piece of storedGzip(chunks)) pieces.push(piece);
  return Buffer.concat(pieces);
}

function bytesOf(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 31) % 251));
}

it.each([0, 1, BLOCK - 1, BLOCK, BLOCK + 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7])(
  'is a gzip of %i bytes, the same however they come',
  async (length) => {
    const bytes = bytesOf(length);

    const whole = await packed(bytes, length + 1);

    expect(gunzipSync(whole).equals(bytes)).toBe(true);
    expect((await packed(bytes, 65_536)).equals(whole)).toBe(true);
    expect((await packed(bytes, 10_007)).equals(whole)).toBe(true);
  },
);
