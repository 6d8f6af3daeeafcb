import { type BigIntStats, constants } from 'node:fs';
import { access, type FileHandle, open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { FileState } from '#adapters/local/bucket/settling.ts';
import { fingerprint, hasSameContent, isAbsence } from '#adapters/local/files/file-state.ts';
import { storageFailure } from '#adapters/local/registry/storage-failure.ts';
import { Failure } from '#domain/failure.ts';
import { fileOfKey, holdFolder } from './held-folder.ts';
import { keyProblem } from './key.ts';
import type { ObjectStore } from './object-store.ts';
import type { ObjectVersion, ObjectVersions } from './object-versions.ts';
import { ownerOf } from './owner.ts';

/** The outcome for a path: a new version, nothing new, or `changed` meanwhile, so that it must settle first. */
export type Taken =
  | { readonly kind: 'version'; readonly version: ObjectVersion }
  | { readonly kind: 'known' }
  | { readonly kind: 'changed' };

export type TakeOptions = {
  readonly folder: string;
  readonly objects: ObjectStore;
  readonly versions: ObjectVersions;
  readonly maxObjectBytes: number;
  /** Aborts a copy. */
  readonly signal: AbortSignal;
  /** Whether a copied data folder has brought this file, at the first look at it: nobody has dropped it, and the same bytes are no new version. */
  readonly isInherited?: (key: string) => boolean;
};

// Hashing one holds up every request that passes this process: with 1 MiB half of them took 60 ms while gigabytes were copied, with this 18, and the copies take as long.
const CHUNK_BYTES = 1 << 16;
// If a link or a pipe has replaced the file, it is neither followed nor waited for.
const READ_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Whether a key's newest version was made from this state of its file. */
export function isKnown(versions: ObjectVersions, key: string, file: FileState): boolean {
  const latest = versions.latest(key);
  if (!file || file.isDirectory()) return latest === undefined;
  const { content, changedNs } = fingerprint(file);
  return latest?.content === content && latest.changedNs === changedNs;
}

/**
 * Makes the file at a key's path its newest version; if there is no file, marks the key deleted.
 * Fails with `ArtifactRejected` (over `maxObjectBytes`, a link, not a file), `InputInvalid` (the name cannot be a key), and as the object store does.
 */
export async function takeFile(options: TakeOptions, key: string, file: FileState): Promise<Taken> {
  const { folder, versions, maxObjectBytes } = options;
  if (isKnown(versions, key, file)) return { kind: 'known' };
  if (!file?.isFile()) return takeAbsence(options, key);
  requireKey(key);
  requireSize(key, Number(file.size), maxObjectBytes);
  // Held until its version is recorded: before that, nothing says that it is needed.
  using written = await copy(options, key, file);
  const now = await fileOfKey(folder, key);
  if (!written || !now || !hasSameContent(file, now)) return { kind: 'changed' };

  const owner = await ownerOf(now);
  const seen = fingerprint(now);
  const latest = versions.latest(key);
  const hasSameBytes = latest !== undefined && latest.sha256 === written.sha256;
  if (hasSameBytes && (latest.content === seen.content || options.isInherited?.(key))) {
    versions.shown(latest.versionId, seen);
    return { kind: 'known' };
  }
  return { kind: 'version', version: versions.add(key, written, seen, { owner }) };
}

export function requireKey(key: string): void {
  const problem = keyProblem(key);
  if (problem === undefined) return;
  throw new Failure('InputInvalid', `the key ${JSON.stringify(key)} ${problem}`, {
    fix: 'Give it another name.',
  });
}

export function requireSize(key: string, sizeBytes: number, maxBytes: number): void {
  if (sizeBytes <= maxBytes) return;
  throw new Failure('ArtifactRejected', `${key} is ${sizeBytes} bytes; the limit is ${maxBytes}`, {
    fix: 'Make the model smaller, for instance by quantizing it.',
  });
}

async function takeAbsence({ folder, versions }: TakeOptions, key: string): Promise<Taken> {
  const now = await fileOfKey(folder, key);
  if (now?.isFile()) return { kind: 'changed' };
  // If the bucket folder itself is gone, that says nothing about its files.
  if (versions.latest(key) && (await isThere(folder))) versions.markDeleted(key);
  if (!now || now.isDirectory()) return { kind: 'known' };
  const kind = now.isSymbolicLink() ? 'a symbolic link' : 'not a regular file';
  throw new Failure('ArtifactRejected', `${key} is ${kind}; links are not followed`, {
    fix: 'Copy the file itself.',
  });
}

/** Undefined when the file disappears first, or what is opened is another one than was looked at: whoever may write to the bucket may not have Slipway read for him. */
async function copy({ folder, objects, signal }: TakeOptions, key: string, looked: BigIntStats) {
  const path = join(folder, key);
  try {
    await using held = await holdFolder(folder, key, { makes: false });
    if (!held) return undefined;
    await using file = await open(held.at(basename(key)), READ_FILE);
    if (!isSameFile(looked, await file.stat({ bigint: true }))) return undefined;
    const sizeBytes = Number(looked.size);
    return await objects.write(chunks(file, sizeBytes, signal), sizeBytes);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw notTaken(key, storageFailure(error, path));
  }
}

function isSameFile(looked: BigIntStats, opened: BigIntStats): boolean {
  return opened.isFile() && opened.dev === looked.dev && hasSameContent(looked, opened);
}

function notTaken(key: string, error: unknown): unknown {
  if (!(error instanceof Failure)) return error;
  const { name, message, cause, fix } = error;
  return new Failure(name, `${key} is not accepted yet: ${message}`, { cause, fix });
}

/** The next one is read while this one is hashed and written. */
async function* chunks(file: FileHandle, sizeBytes: number, signal: AbortSignal) {
  let left = sizeBytes;
  let next = readChunk(file, left);
  while (next) {
    signal.throwIfAborted();
    const { buffer, bytesRead } = await next;
    if (bytesRead === 0) return;
    left -= bytesRead;
    next = readChunk(file, left);
    // Where the copy is given up nobody waits for it.
    next?.catch(() => undefined);
    yield buffer.subarray(0, bytesRead);
  }
}

function readChunk(file: FileHandle, left: number) {
  return left > 0 ? file.read(Buffer.allocUnsafe(Math.min(left, CHUNK_BYTES))) : undefined;
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
