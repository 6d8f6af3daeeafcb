import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { readerOf } from '#formats/bytes/byte-reader.ts';
import { compressionOf, decompress } from '#formats/bytes/decompress.ts';
import { bytesSource } from '../../support/bytes/sources.ts';
import { fuzzRuns } from '../../support/fuzz/runs.ts';

const FOLDER = join(import.meta.dirname, '../../fixtures/pickles/compressed');
const HELD: readonly { readonly file: string; readonly bytes: number; readonly sha256: string }[] =
  JSON.parse(readFileSync(join(FOLDER, 'held.json'), 'utf8'));
const MIB = 2 ** 20;

const read = (file: string) => readFileSync(join(FOLDER, file));

async function held(compressed: Uint8Array, freeBytes?: number) {
  const compression = compressionOf(compressed);
  if (!compression) throw new Error('not compressed');
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of decompress(
    readerOf(bytesSource(compressed)),
    compression,
    'a.joblib',
    freeBytes,
  )) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

it.each(HELD)('$file gives what Python compressed', async ({ file, bytes, sha256 }) => {
  expect(await held(read(file))).toEqual({ bytes, sha256 });
});

const words = HELD.filter(({ file }) => file.startsWith('words.'));

it.each(words)('$file is refused where it is cut off', async ({ file }) => {
  const whole = read(file);

  for (const part of [0.3, 0.6, 0.9]) {
    await expect(held(whole.subarray(0, whole.length * part))).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringMatching(/^a\.joblib is (truncated|damaged) \(as /),
    });
  }
});

it.each<[string, () => Uint8Array]>([
  ['zlib', () => deflateSync(new Uint8Array(100 * MIB))],
  ['bzip2', () => read('bomb.bz2')],
])('a bomb of %s is refused before it is all there', async (_, bomb) => {
  await expect(held(bomb())).rejects.toThrow(
    /decompresses to [6-9]\d{7} bytes and more from \d+ bytes; the limit is 200 times as many$/,
  );
});

it.each<[string, () => Uint8Array]>([
  ['gzip', () => gzipSync(new Uint8Array(20 * MIB))],
  ['xz', () => read('bomb.xz')],
  ['lzma', () => read('bomb.lzma')],
])('a bomb of %s is refused where less is free', async (_, bomb) => {
  await expect(held(bomb(), MIB)).rejects.toThrow(
    /decompresses to \d{7} bytes and more from \d+ bytes; the limit is 200 times as many$/,
  );
});

it.each(words)('$file with bits flipped anywhere ends in bytes or a refusal', async ({ file }) => {
  const whole = read(file);
  const flips = fc.array(fc.nat({ max: whole.length * 8 - 1 }), { minLength: 1, maxLength: 6 });

  await fc.assert(
    fc.asyncProperty(flips, async (bits) => {
      const bytes = Uint8Array.from(whole);
      for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if (!compressionOf(bytes)) return;
      const outcome = await held(bytes).catch((error: unknown) => error);
      if (outcome instanceof Error && outcome.name !== 'ArtifactRejected') throw outcome;
    }),
    fuzzRuns(20, 400),
  );
});

it('refuses a dictionary larger than any preset has', async () => {
  const bytes = Uint8Array.from(read('words.lzma'));
  bytes.set([0, 0, 0, 0x80], 1);

  await expect(held(bytes)).rejects.toThrow(
    'a dictionary of 2147483648 bytes, and the limit is 67108864',
  );
});
