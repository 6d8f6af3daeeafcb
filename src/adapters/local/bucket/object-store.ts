import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { open, rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { storageFailure } from '#adapters/local/registry/storage-failure.ts';
import { Failure } from '#domain/failure.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { fileSource } from './file-source.ts';

export type WrittenObject = { readonly sha256: string; readonly sizeBytes: number };

/** Immutable bytes, addressed by sha256. Fails with `StorageFull`, `PlatformDenied`, `PlatformUnavailable`. */
export type ObjectStore = {
  /** Atomic: keeps all bytes or, when `bytes` ends in an error, none; durable when it returns. Refuses up front when the disk has no room for `expectedBytes`. */
  write(bytes: AsyncIterable<Uint8Array>, expectedBytes: number): Promise<WrittenObject>;
  path(sha256: string): string;
  read(object: WrittenObject): ByteSource;
};

const READ_ONLY = 0o444;

/** Opens or creates the store, and deletes files that a killed process left half written. */
export function objectStore(folder: string): ObjectStore {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) {
    if (name.startsWith('.')) rmSync(join(folder, name));
  }
  const path = (sha256: string) => join(folder, sha256);

  return {
    path,
    async write(bytes, expectedBytes) {
      const temporary = join(folder, `.${randomUUID()}`);
      try {
        await requireRoom(folder, expectedBytes);
        const written = await copyTo(temporary, bytes);
        await rename(temporary, path(written.sha256));
        await syncFolder(folder);
        return written;
      } catch (error) {
        await rm(temporary, { force: true });
        throw storageFailure(error, folder);
      }
    },
    read: ({ sha256, sizeBytes }) => fileSource(path(sha256), sizeBytes),
  };
}

async function copyTo(path: string, bytes: AsyncIterable<Uint8Array>): Promise<WrittenObject> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  await using file = await open(path, 'wx', READ_ONLY);
  for await (const chunk of bytes) {
    const writing = file.writeFile(chunk);
    hash.update(chunk);
    sizeBytes += chunk.byteLength;
    await writing;
  }
  await file.sync();
  return { sha256: hash.digest('hex'), sizeBytes };
}

// A new name survives a power cut only when its folder is synced too.
async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder);
  await handle.sync();
}

// A copy that fills the disk before it fails would stop the registry as well.
async function requireRoom(folder: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  if (neededBytes <= freeBytes) return;
  throw new Failure(
    'StorageFull',
    `${folder} has ${freeBytes} bytes free; ${neededBytes} are needed`,
    { fix: `Free at least ${neededBytes - freeBytes} bytes on its disk.` },
  );
}
