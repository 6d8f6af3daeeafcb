import { pipeline, Readable, type Transform } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import { rejected } from '#formats/rejected.ts';
import type { ByteReader } from './byte-reader.ts';
import { unBzip2 } from './decompress-bzip2.ts';
import { unLz4 } from './decompress-lz4.ts';
import { type Trouble, unLzma, unXz } from './decompress-lzma.ts';

export type Compression = 'zlib' | 'gzip' | 'bz2' | 'lzma' | 'xz' | 'lz4';

// The magic bytes that joblib tests, in its order.
const MAGICS: readonly (readonly [Compression, string])[] = [
  ['zlib', '78'],
  ['gzip', '1f8b'],
  ['bz2', '425a'],
  ['lzma', '5d00'],
  ['xz', 'fd377a585a'],
  ['lz4', '04224d18'],
];

/** The compression of a joblib dump, from its first bytes; null when it is uncompressed. */
export function compressionOf(head: Uint8Array): Compression | null {
  const hex = Buffer.from(head).toString('hex');
  return MAGICS.find(([, magic]) => hex.startsWith(magic))?.[0] ?? null;
}

// Zeros compress to a thousandth or less, but a model hardly consists of zeros.
const MAX_RATIO = 200;
const RATIO_FREE_BYTES = 64 * 2 ** 20;
const READ_BYTES = 64 * 1024;

/** Decompresses bytes as they are read. Fails with `ArtifactRejected` on damage, or when the output exceeds `freeBytes` and `MAX_RATIO` times the input. */
export async function* decompress(
  reader: ByteReader,
  compression: Compression,
  file: string,
  freeBytes: number = RATIO_FREE_BYTES,
): AsyncGenerator<Uint8Array> {
  const trouble: Trouble = (why) =>
    rejected(`${file} is ${why} (as ${compression})`, 'Upload the whole file again.');
  let bytes = 0;
  for await (const chunk of DECOMPRESSORS[compression](reader, trouble)) {
    bytes += chunk.length;
    if (bytes > freeBytes + MAX_RATIO * reader.position) throw bomb(file, bytes, reader.position);
    yield chunk;
  }
}

type Decompressor = (reader: ByteReader, trouble: Trouble) => AsyncGenerator<Uint8Array>;

const DECOMPRESSORS: Readonly<Record<Compression, Decompressor>> = {
  zlib: (reader, trouble) => unZlib(reader, createInflate(), trouble),
  gzip: (reader, trouble) => unZlib(reader, createGunzip(), trouble),
  bz2: unBzip2,
  lzma: unLzma,
  xz: unXz,
  lz4: unLz4,
};

async function* unZlib(
  reader: ByteReader,
  unzip: Transform,
  trouble: Trouble,
): AsyncGenerator<Uint8Array> {
  const start = reader.position;
  // An error surfaces where the stream is read.
  const through = pipeline(Readable.from(pieces(reader)), unzip, () => {});
  try {
    for await (const chunk of through) yield chunk;
    const taken = 'bytesWritten' in unzip ? unzip.bytesWritten : undefined;
    // joblib takes trailing bytes for another stream.
    if (taken !== reader.position - start) throw trouble('followed by more');
  } catch (error) {
    throw isOfZlib(error) ? trouble(error.code === 'Z_BUF_ERROR' ? 'truncated' : 'damaged') : error;
  } finally {
    unzip.destroy();
  }
}

async function* pieces(reader: ByteReader): AsyncGenerator<Uint8Array> {
  for (;;) {
    const piece = await reader.take(READ_BYTES);
    if (piece.length === 0) return;
    yield piece;
  }
}

function isOfZlib(error: unknown): error is { code: string } {
  return error instanceof Error && 'code' in error && /^Z_|^ERR_/.test(String(error.code));
}

function bomb(file: string, bytes: number, from: number) {
  return rejected(
    `${file} decompresses to ${bytes} bytes and more from ${from} bytes; the limit is ${MAX_RATIO} times as many`,
    'Save the model again without compression.',
  );
}
