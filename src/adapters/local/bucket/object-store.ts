import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { type FileHandle, open, rename, rm, statfs } from 'node:fs/promises';
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
const WRITES_AT_ONCE = 8;
const SYNCED_BYTES = 2 ** 25;

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

/** What is read next, hashed and written goes on at once, and the disk takes it meanwhile, so that little is left to wait for at the end. */
async function copyTo(path: string, bytes: AsyncIterable<Uint8Array>): Promise<WrittenObject> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  await using file = await open(path, 'wx', READ_ONLY);
  await using writes = writesBehind(file);
  for await (const chunk of bytes) {
    await writes.write(chunk, sizeBytes);
    hash.update(chunk);
    sizeBytes += chunk.byteLength;
  }
  await writes.end();
  await file.sync();
  return { sha256: hash.digest('hex'), sizeBytes };
}

/** Writes that nobody waits for until there are too many of them; the first that fails ends the copy. */
function writesBehind(file: FileHandle) {
  const running = new Set<Promise<void>>();
  let unsyncedBytes = 0;

  function run(task: Promise<void>): void {
    running.add(task);
    // One that failed stays, for whoever waits next.
    task.then(
      () => running.delete(task),
      () => undefined,
    );
  }

  return {
    async write(chunk: Uint8Array, position: number): Promise<void> {
      if (running.size >= WRITES_AT_ONCE) await Promise.race(running);
      run(written(file, chunk, position));
      unsyncedBytes += chunk.byteLength;
      if (unsyncedBytes < SYNCED_BYTES) return;
      unsyncedBytes = 0;
      run(file.datasync());
    },
    async end(): Promise<void> {
      await Promise.all(running);
    },
    /** The file may be closed: nothing is written any more. */
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.allSettled(running);
    },
  };
}

/** All of it: a disk that is nearly full takes a part first, and refuses the rest. */
async function written(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < chunk.byteLength) {
    const { bytesWritten } = await file.write(chunk, done, undefined, position + done);
    done += bytesWritten;
  }
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
