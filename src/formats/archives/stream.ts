import { pipeline, Readable, type Transform } from 'node:stream';
import { crc32, createGunzip, createInflateRaw } from 'node:zlib';
import { type ByteReader, readerOfStream } from '#formats/bytes/byte-reader.ts';
import type { Span } from '#formats/bytes/byte-window.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { refuseBomb } from './limits.ts';
import { badArchive } from './names.ts';

const READ_BYTES = 256 * 1024;

// Content up to this size is decompressed once and kept in memory.
const HELD_BYTES = 1024 * 1024;

/** A range of compressed bytes in a file; `what` names them in messages. */
export type Compressed = Span & {
  readonly source: ByteSource;
  readonly what: string;
  readonly method: 'gzip' | 'deflate';
};

/**
 * Decompresses piece by piece, never all at once.
 * Fails with `ArtifactRejected` for damaged or truncated data, a bomb, or trailing bytes.
 */
export async function* inflated(from: Compressed): AsyncGenerator<Uint8Array> {
  const storedBytes = from.end - from.start;
  const inflate: Transform = from.method === 'gzip' ? createGunzip() : createInflateRaw();
  const progress = { fault: undefined as unknown, bytes: 0 };
  pipeline(Readable.from(watched(from, progress)), inflate, () => {});
  try {
    for await (const chunk of inflate) {
      progress.bytes += chunk.length;
      refuseBomb(from.what, progress.bytes, storedBytes);
      yield chunk;
    }
  } catch (error) {
    if (progress.fault !== undefined) throw progress.fault;
    if (!isZlibError(error)) throw error;
    const what =
      error.code === 'Z_BUF_ERROR' ? 'is truncated' : 'is damaged, or followed by other data';
    throw badArchive(from.what, `${what}: ${error.message}`);
  }
  if (!('bytesWritten' in inflate) || inflate.bytesWritten === storedBytes) return;
  throw badArchive(
    from.what,
    `ends after ${inflate.bytesWritten} of its ${storedBytes} bytes; other data follows`,
  );
}

async function* watched(
  from: Compressed,
  progress: { fault: unknown },
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunksOf(from);
  } catch (error) {
    progress.fault = error;
    throw error;
  }
}

/** The bytes as they are, piece by piece. */
export async function* chunksOf({ source, start, end }: Compressed): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; ) {
    const chunk = await source.read(at, Math.min(READ_BYTES, end - at));
    if (chunk.length === 0) return;
    at += chunk.length;
    yield chunk;
  }
}

function isZlibError(error: unknown): error is Error & { readonly code: string } {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('Z_')
  );
}

/** Passes the content through once. Fails with `ArtifactRejected` unless its length and checksum are as declared. */
export async function verifyContent(
  content: AsyncIterable<Uint8Array>,
  what: string,
  said: { readonly sizeBytes: number; readonly crc: number },
): Promise<void> {
  let sizeBytes = 0;
  let crc = 0;
  for await (const chunk of content) {
    sizeBytes += chunk.length;
    crc = crc32(chunk, crc);
    if (sizeBytes > said.sizeBytes) break;
  }
  if (sizeBytes !== said.sizeBytes) {
    const more = sizeBytes > said.sizeBytes ? ' or more' : '';
    throw badArchive(what, `has ${sizeBytes} bytes${more}; its entry says ${said.sizeBytes}`);
  }
  if (crc !== said.crc) throw badArchive(what, 'does not have the checksum of its entry');
}

/** Ranged reads over a stream that can be reopened: a forward read continues, a backward read starts over. */
export function streamedSource(
  sizeBytes: number,
  open: () => AsyncIterable<Uint8Array>,
): ByteSource {
  let reader: ByteReader | undefined;
  let held: Promise<Uint8Array> | undefined;
  let before: Promise<unknown> = Promise.resolve();

  async function readOn(start: number, length: number): Promise<Uint8Array> {
    const from = reader && reader.position <= start ? reader : readerOfStream(open());
    reader = undefined;
    await from.skip(start - from.position);
    const bytes = await from.take(Math.max(0, Math.min(length, sizeBytes - start)));
    reader = from;
    return bytes;
  }

  return {
    sizeBytes,
    streamedBytes: sizeBytes,
    async read(start, length) {
      if (sizeBytes <= HELD_BYTES) {
        held ??= readerOfStream(open()).take(sizeBytes);
        return (await held).subarray(start, start + length);
      }
      const bytes = before.then(() => readOn(start, length));
      before = bytes.catch(() => {});
      return bytes;
    },
  };
}

/** Part of a file, presented as a file. */
export function partOf(source: ByteSource, start: number, sizeBytes: number): ByteSource {
  return {
    sizeBytes,
    ...(source.streamedBytes !== undefined && { streamedBytes: start + sizeBytes }),
    read: (from, length) =>
      source.read(start + from, Math.max(0, Math.min(length, sizeBytes - from))),
  };
}
