import { open } from 'node:fs/promises';
import type { ByteSource } from '#ports/artifact-store.ts';

/** A source that counts its reads. */
type CountingSource = ByteSource & { readBytes: number; reads: number };

export function bytesSource(bytes: Uint8Array): CountingSource {
  return counting(bytes.length, async (start, end) => bytes.subarray(start, end));
}

/** A real file, opened for each read. */
export async function fileSource(path: string): Promise<CountingSource> {
  const file = await open(path);
  const { size } = await file.stat();
  await file.close();
  return counting(size, async (start, end) => {
    const handle = await open(path);
    const { buffer } = await handle.read(Buffer.alloc(end - start), 0, end - start, start);
    await handle.close();
    return buffer;
  });
}

function counting(
  sizeBytes: number,
  slice: (start: number, end: number) => Promise<Uint8Array>,
): CountingSource {
  return {
    sizeBytes,
    readBytes: 0,
    reads: 0,
    read(start, length) {
      const end = Math.min(start + length, sizeBytes);
      this.reads += 1;
      this.readBytes += end - start;
      return slice(start, end);
    },
  };
}
