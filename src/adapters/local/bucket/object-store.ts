import { createHash, randomUUID } from 'node:crypto';
import { constants, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { turns } from '#adapters/local/concurrency/turns.ts';
import { fileAt } from '#adapters/local/files/file-state.ts';
import { type CheckedFiles, checkedFiles } from '#adapters/local/integrity/checked-files.ts';
import type { Pace } from '#adapters/local/integrity/hashed-file.ts';
import { RESERVED_BYTES } from '#adapters/local/registry/reserve.ts';
import { storageFailure } from '#adapters/local/registry/storage-failure.ts';
import { Failure } from '#domain/failure.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { fileSource } from './file-source.ts';

export type WrittenObject = { readonly sha256: string; readonly sizeBytes: number };

/** An object that is not removed before its holder disposes of it. */
export type HeldObject = WrittenObject & Disposable;

/** Immutable bytes, addressed by sha256. Fails with `StorageFull`, `PlatformDenied`, `PlatformUnavailable`. */
export type ObjectStore = {
  /**
   * Atomic: keeps all bytes or, when `bytes` ends in an error, none; durable when it returns. Refuses up front when the disk has no room for `expectedBytes`.
   * An object that is there already stays the same file, unless that has lost its bytes.
   */
  write(bytes: AsyncIterable<Uint8Array>, expectedBytes: number): Promise<HeldObject>;
  /** As `write`, of a file on the same disk, which nobody writes to any more: it becomes the object, or is one already and is removed. */
  adopt(path: string): Promise<HeldObject>;
  path(sha256: string): string;
  read(object: WrittenObject): ByteSource;
  /** Why an object does not have its bytes, as a predicate; undefined when it does. `reread` reads it from the disk even if it is known. */
  problem(sha256: string, reread?: { readonly pace?: Pace }): Promise<string | undefined>;
  /** Replaces an object that has lost its bytes by a copy of the first of these files that has them; false when none has. */
  mend(sha256: string, files: readonly string[]): Promise<boolean>;
  isHeld(sha256: string): boolean;
  /** Every object and its size. */
  all(): Promise<readonly WrittenObject[]>;
  /** Removes an object unless it is held, or `isNeeded` says so at that moment; returns whether it was removed. */
  remove(sha256: string, isNeeded: () => boolean): Promise<boolean>;
};

const READ_ONLY = 0o444;
const READ_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const WRITES_AT_ONCE = 8;
const SYNCED_BYTES = 2 ** 25;
const SHA256 = /^[0-9a-f]{64}$/;

/** Opens or creates the store, and deletes files that a killed process left half written. */
export function objectStore(folder: string, checked: CheckedFiles = checkedFiles()): ObjectStore {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) {
    if (name.startsWith('.')) rmSync(join(folder, name));
  }
  const path = (sha256: string) => join(folder, sha256);
  // A write, a repair and a removal of the same object follow each other.
  const inTurn = turns(1);
  const holders = new Map<string, number>();

  function held(object: WrittenObject): HeldObject {
    const { sha256 } = object;
    holders.set(sha256, (holders.get(sha256) ?? 0) + 1);
    let isHeld = true;
    return {
      ...object,
      [Symbol.dispose]() {
        if (!isHeld) return;
        isHeld = false;
        const left = (holders.get(sha256) ?? 1) - 1;
        if (left > 0) holders.set(sha256, left);
        else holders.delete(sha256);
      },
    };
  }

  /** Whoever links or opens an object by its name must find it there at every moment, so only one without its bytes is replaced. */
  async function keep(temporary: string, { sha256 }: WrittenObject): Promise<void> {
    if ((await checked.problem(path(sha256), sha256)) === undefined) return;
    await rename(temporary, path(sha256));
    await syncFolder(folder);
    await checked.trust(path(sha256), sha256);
  }

  async function isMendedBy(file: string, sha256: string): Promise<boolean> {
    const temporary = join(folder, `.${randomUUID()}`);
    try {
      // A link is not followed, and a pipe not waited for.
      if (!(await fileAt(file))?.isFile()) return false;
      // Opened first: an error of a stream that nobody reads yet would end Slipway.
      await using source = await open(file, READ_FILE);
      const copied = await copyTo(temporary, source.createReadStream({ autoClose: false }));
      if (copied.sha256 === sha256) await keep(temporary, copied);
      return copied.sha256 === sha256;
    } catch {
      // The file cannot be read, or the disk is full: another file may do, or a later attempt.
      return false;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** Holds the object that `make` describes, whose bytes are in `file`; the file is gone afterwards. */
  async function keptFrom(file: string, make: () => Promise<WrittenObject>): Promise<HeldObject> {
    try {
      const object = await make();
      return await inTurn(object.sha256, async () => {
        await keep(file, object);
        return held(object);
      });
    } catch (error) {
      throw storageFailure(error, folder);
    } finally {
      await rm(file, { force: true });
    }
  }

  return {
    path,
    async write(bytes, expectedBytes) {
      const temporary = join(folder, `.${randomUUID()}`);
      return keptFrom(temporary, async () => {
        await requireRoom(folder, expectedBytes);
        return copyTo(temporary, bytes);
      });
    },
    adopt: (file) => keptFrom(file, () => sealed(file)),
    read: ({ sha256, sizeBytes }) => fileSource(path(sha256), sizeBytes),
    async problem(sha256, reread) {
      try {
        return reread
          ? await checked.reread(path(sha256), sha256, reread.pace)
          : await checked.problem(path(sha256), sha256);
      } catch (error) {
        throw storageFailure(error, path(sha256));
      }
    },
    mend: (sha256, files) =>
      inTurn(sha256, async () => {
        for (const file of files) {
          if (await isMendedBy(file, sha256)) return true;
        }
        return false;
      }),
    isHeld: (sha256) => holders.has(sha256),
    async all() {
      try {
        const names = (await readdir(folder)).filter((name) => SHA256.test(name));
        const states = await Promise.all(names.map((name) => fileAt(path(name))));
        return names.flatMap((sha256, index) => {
          const state = states[index];
          return state ? [{ sha256, sizeBytes: Number(state.size) }] : [];
        });
      } catch (error) {
        throw storageFailure(error, folder);
      }
    },
    remove: (sha256, isNeeded) =>
      inTurn(sha256, async () => {
        if (holders.has(sha256) || isNeeded()) return false;
        await rm(path(sha256), { force: true });
        return true;
      }),
  };
}

/** Reading, hashing and writing go on while the disk takes the bytes, so that little is left to wait for at the end. */
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

/** Makes a file durable and read-only, and answers what it holds. */
async function sealed(path: string): Promise<WrittenObject> {
  await using file = await open(path, READ_FILE);
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of file.createReadStream({ autoClose: false })) {
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  await file.chmod(READ_ONLY);
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
/** Makes the names in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder);
  await handle.sync();
}

/** Refuses what the disk of `folder` has no room for, with `StorageFull`. A copy that fills the disk before it fails would stop the registry as well. */
export async function requireRoom(folder: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  // The rest is for Slipway itself, which goes on serving on a full disk.
  if (neededBytes + RESERVED_BYTES <= freeBytes) return;
  const missing = neededBytes + RESERVED_BYTES - freeBytes;
  throw new Failure(
    'StorageFull',
    `${folder} has ${freeBytes} bytes free; ${neededBytes} are needed, and ${RESERVED_BYTES} have to stay free`,
    { fix: `Free at least ${missing} bytes on its disk.` },
  );
}
