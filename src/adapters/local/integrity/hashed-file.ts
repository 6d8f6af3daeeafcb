import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

export type HashedFile = {
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Changes when anybody writes to the file. */
  readonly state: FileState;
};

/** The file itself, and its size and times as the system last set them: no program can set `changedNs` back. */
export type FileState = {
  readonly file: string;
  readonly content: string;
  readonly changedNs: bigint;
};

/** Waits as long as reading so many bytes should take. */
export type Pace = (bytes: number) => Promise<void>;

// Hashing blocks the event loop, so it is done in small pieces: 64 KiB take some 0.1 ms.
const CHUNK_BYTES = 1 << 16;
const READ_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Reads a whole file. Fails with the file system's error, and with `EAGAIN` when the file changed meanwhile. */
export async function hashedFile(
  path: string,
  { pace, update }: { readonly pace?: Pace; readonly update?: (bytes: Uint8Array) => void } = {},
): Promise<HashedFile> {
  await using file = await open(path, READ_FILE);
  const before = stateOf(await file.stat({ bigint: true }));
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let sizeBytes = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES);
    if (bytesRead === 0) break;
    const bytes = buffer.subarray(0, bytesRead);
    hash.update(bytes);
    update?.(bytes);
    sizeBytes += bytesRead;
    await pace?.(bytesRead);
  }
  // A link that was made meanwhile changes the time of the last change alone: then this state is not found again, and the file is read again.
  if (stateOf(await file.stat({ bigint: true })).content !== before.content) {
    throw Object.assign(new Error(`${path} changed while it was read`), { code: 'EAGAIN' });
  }
  return { sha256: hash.digest('hex'), sizeBytes, state: before };
}

export function stateOf(stats: {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}): FileState {
  const { dev, ino, size, mtimeNs, ctimeNs } = stats;
  return { file: `${dev}:${ino}`, content: `${size}:${mtimeNs}`, changedNs: ctimeNs };
}

export function isSame(a: FileState, b: FileState): boolean {
  return a.file === b.file && a.content === b.content && a.changedNs === b.changedNs;
}
