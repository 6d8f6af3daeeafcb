import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { HEAD_BYTES } from '#formats/known-formats.ts';
import { pickleOutcome } from '../models/pickles.ts';

const MODELS = join(import.meta.dirname, '../../fixtures/models/sklearn');

/** Real models, by the part of them that is to be broken. */
export const FUZZED: Readonly<Record<string, string>> = {
  pickle: 'columns-pipeline-1.8.pkl',
  'pickle of protocol 2': 'logistic-1.8-protocol-2.pickle',
  joblib: 'columns-pipeline-1.8.joblib',
  'joblib by zlib': 'forest-1.8-zlib.joblib',
  'joblib by gzip': 'forest-1.8-gzip.joblib',
  'joblib by bz2': 'forest-1.8-bz2.joblib',
  'joblib by lzma': 'forest-1.8-lzma.joblib',
  'joblib by xz': 'forest-1.8-xz.joblib',
  'joblib by lz4': 'forest-1.8-lz4.joblib',
};

/** Breaks a model in many ways, and checks that each result is facts or a refusal, and that the bytes after the head are read once. `inspect` lets a caller measure it too. */
export async function fuzzPickle(
  format: string,
  runs: { readonly numRuns: number; readonly seed: number },
  inspect = pickleOutcome,
): Promise<void> {
  const whole = readFileSync(join(MODELS, FUZZED[format] ?? ''));

  await fc.assert(
    fc.asyncProperty(broken(whole), async (bytes) => {
      const { outcome, readBytes } = await inspect(bytes);
      if (outcome instanceof Error && outcome.name !== 'ArtifactRejected') throw outcome;
      const mostBytes = HEAD_BYTES + bytes.length;
      if (readBytes > mostBytes) throw new Error(`read ${readBytes} bytes of ${bytes.length}`);
    }),
    runs,
  );
}

/** Bits flipped, a stretch cut out, doubled or made random, an end cut off. */
function broken(whole: Uint8Array): fc.Arbitrary<Uint8Array> {
  const place = fc.nat({ max: whole.length - 1 });
  const flipped = fc
    .array(fc.nat({ max: whole.length * 8 - 1 }), { minLength: 1, maxLength: 8 })
    .map((bits) => {
      const bytes = Uint8Array.from(whole);
      for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      return bytes;
    });
  const spliced = fc
    .tuple(place, fc.nat({ max: 40 }), fc.uint8Array({ maxLength: 40 }))
    .map(([at, length, put]) =>
      Buffer.concat([whole.subarray(0, at), put, whole.subarray(at + length)]),
    );
  const doubled = fc
    .tuple(place, fc.nat({ max: 400 }))
    .map(([at, length]) => Buffer.concat([whole.subarray(0, at + length), whole.subarray(at)]));
  return fc.oneof(
    flipped,
    spliced,
    doubled,
    place.map((end) => whole.subarray(0, end)),
  );
}
