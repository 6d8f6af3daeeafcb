import type { ByteSource } from '#ports/artifact-store.ts';

const PAGE_BYTES = 256 * 1024;
const HELD_PAGES = 16;

/** The same file, with nearby small reads merged into one ranged read: a round trip costs more than the bytes. */
export function pagedSource(source: ByteSource): ByteSource {
  const pages = new Map<number, Promise<Uint8Array>>();

  function page(index: number): Promise<Uint8Array> {
    const known = pages.get(index);
    if (known) return known;
    const oldest = pages.keys().next();
    if (pages.size >= HELD_PAGES && !oldest.done) pages.delete(oldest.value);
    const bytes = source.read(index * PAGE_BYTES, PAGE_BYTES);
    pages.set(index, bytes);
    return bytes;
  }

  return {
    sizeBytes: source.sizeBytes,
    ...(source.streamedBytes !== undefined && { streamedBytes: source.streamedBytes }),
    async read(start, length) {
      if (length >= PAGE_BYTES) return source.read(start, length);
      const first = Math.floor(start / PAGE_BYTES);
      const last = Math.floor((start + Math.max(length, 1) - 1) / PAGE_BYTES);
      const from = start - first * PAGE_BYTES;
      if (first === last) return (await page(first)).subarray(from, from + length);
      const both = Buffer.concat([await page(first), await page(last)]);
      return both.subarray(from, from + length);
    },
  };
}
