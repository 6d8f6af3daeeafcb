import { open } from 'node:fs/promises';
import { storageFailure } from '#adapters/local/registry/storage-failure.ts';
import type { ByteSource } from '#ports/artifact-store.ts';

/** Ranged reads of an immutable file of `sizeBytes`. */
export function fileSource(path: string, sizeBytes: number): ByteSource {
  return {
    sizeBytes,
    read: (start, length) => readRange(path, start, Math.min(length, sizeBytes - start)),
  };
}

async function readRange(path: string, start: number, length: number): Promise<Uint8Array> {
  if (length <= 0) return new Uint8Array();
  try {
    await using file = await open(path);
    const buffer = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await file.read(buffer, filled, length - filled, start + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  } catch (error) {
    throw storageFailure(error, path);
  }
}
