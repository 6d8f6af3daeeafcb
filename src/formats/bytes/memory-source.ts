import type { ByteSource } from '#ports/artifact-store.ts';

/** Bytes that are in memory already, for a reader of ranges. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    sizeBytes: bytes.length,
    read: async (start, length) => bytes.subarray(start, start + length),
  };
}
