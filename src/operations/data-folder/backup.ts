import { link, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { backup as copyDatabase, DatabaseSync } from 'node:sqlite';
import { type ObjectStore, objectStore } from '#adapters/local/bucket/object-store.ts';
import { fileAt } from '#adapters/local/files/file-state.ts';
import { checkedFiles, GONE } from '#adapters/local/integrity/checked-files.ts';
import { resultCode } from '#adapters/local/registry/database.ts';
import { REGISTRY } from '#adapters/local/registry/open-registry.ts';
import { makeOwnFolder } from '#adapters/local/registry/own-folder.ts';
import { versionOf } from '#adapters/local/registry/schema-version.ts';
import { storageFailure } from '#adapters/local/registry/storage-failure.ts';
import type { BackedUp, Bad } from '#control/data-folder.ts';
import { Failure } from '#domain/failure.ts';
import { copyBuilds } from './copy-builds.ts';
import { copyTree } from './copy-tree.ts';
import type { DataFolder, Job } from './data-folder.ts';

/** The file that marks a folder as a backup, with the version of its registry. */
export const LABEL = 'backup.json';
const PROGRESS_MS = 1000;
const COPIES_TRIED = 5;
// SQLITE_OK, SQLITE_BUSY, SQLITE_LOCKED: https://www.sqlite.org/rescode.html
const GIVEN_UP: readonly number[] = [0, 5, 6];

type Options = {
  /** Links objects instead of copying them where both are on one disk: quick, but a damaged file is then damaged in both. */
  readonly isLinked: boolean;
  readonly nowMs: number;
};

/**
 * Copies the registry as it is at this moment, then the objects and built folders that it needs. The registry is put in place last, so an interrupted backup leaves the previous one.
 * Slipway runs on meanwhile. Everything is compared with its hash: what is copied, and what the backup has already, which is read from its disk and copied again where it has lost its bytes.
 * Fails with `InputInvalid` for a folder that has other content, with `PlatformDenied` for one that others may read, and as writes do.
 */
export async function* backUp(folder: DataFolder, to: string, options: Options): Job<BackedUp> {
  const target = resolve(to);
  requireOutside(folder.dataDir, target);
  await requireBackup(target);
  const copy = join(target, `${REGISTRY}.new`);
  try {
    makeOwnFolder(target);
    await rm(copy, { force: true });
    await copyRegistry(folder.database, copy);
    closeLog(copy);
    const stored = yield* copyObjects(folder, target, objectsOf(copy), options);
    yield { progress: 'copying what builds made' };
    const built = await copyBuilds(folder, target);
    await copyTree(join(folder.dataDir, 'grants'), join(target, 'grants'));
    await writeLabel(target, options.nowMs, copy);
    await rename(copy, join(target, REGISTRY));
    const bad = [...stored.bad, ...built.bad];
    const mended = [...stored.mended, ...built.mended];
    yield { result: { ...stored, to: target, bad, mended } };
  } catch (error) {
    throw storageFailure(error, target);
  }
}

type Stored = Omit<BackedUp, 'to'>;

async function* copyObjects(
  folder: DataFolder,
  target: string,
  wanted: ReturnType<typeof objectsOf>,
  options: Options,
): AsyncGenerator<{ readonly progress: string }, Stored> {
  const store = objectStore(join(target, 'objects'), checkedFiles());
  const [bad, mended]: [Bad[], string[]] = [[], []];
  let [objects, copied, copiedBytes, toldMs] = [0, 0, 0, performance.now()];
  for (const { sha256, key, sizeBytes } of wanted) {
    objects += 1;
    if (performance.now() - toldMs > PROGRESS_MS) {
      toldMs = performance.now();
      yield { progress: `compared ${objects} objects, copied ${copied}` };
    }
    const there = await problemThere(folder, store, sha256);
    if (there === undefined) continue;
    const name = `objects/${sha256}`;
    const problem = await storeObject(folder, store, sha256, options);
    if (problem) {
      const fix = `Drop the same bytes as ${key} again; \`slipway scrub\` says which versions need them.`;
      bad.push({ name, reason: `${name} ${problem}`, fix, models: [] });
      continue;
    }
    if (there !== GONE) mended.push(name);
    copied += 1;
    copiedBytes += sizeBytes;
  }
  return { objects, copied, copiedBytes, bad, mended };
}

function requireOutside(dataDir: string, target: string): void {
  const source = resolve(dataDir);
  if (target !== source && !target.startsWith(source + sep)) return;
  throw new Failure('InputInvalid', `${target} is in the data folder that is to be backed up`, {
    fix: 'Name a folder elsewhere, best on another disk.',
  });
}

/** A new or empty folder, or an earlier backup. */
async function requireBackup(target: string): Promise<void> {
  const names: readonly string[] = await readdir(target).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw storageFailure(error, target);
  });
  const isBegun = names.includes(`${REGISTRY}.new`) || names.includes('objects');
  if (names.length === 0 || names.includes(LABEL) || isBegun) return;
  throw new Failure('InputInvalid', `${target} is neither empty nor a backup of Slipway`, {
    fix: 'Name a new folder, or one that `slipway backup` has made.',
  });
}

/** SQLite gives a copy up, with no error of its own, where the registry is written at the wrong moment. */
async function copyRegistry(registry: DatabaseSync, copy: string): Promise<void> {
  for (let left = COPIES_TRIED; ; left -= 1) {
    try {
      await copyDatabase(registry, copy);
      return;
    } catch (error) {
      if (left <= 1 || !GIVEN_UP.includes(resultCode(error) & 0xff)) throw error;
      await rm(copy, { force: true });
    }
  }
}

/** A reader of a registry with a log writes files beside it, which a read-only mount refuses. */
function closeLog(registry: string): void {
  using database = new DatabaseSync(registry);
  database.exec('PRAGMA journal_mode = DELETE');
}

/** The objects that a copy of a registry lists. */
export function objectsOf(registry: string) {
  using database = new DatabaseSync(registry, { readOnly: true });
  const rows = database
    .prepare(
      'SELECT sha256, max(key) AS key, max(size_bytes) AS size_bytes FROM objects WHERE NOT is_deleted GROUP BY sha256',
    )
    .all();
  return rows.map((row) => ({
    sha256: String(row['sha256']),
    key: String(row['key']),
    sizeBytes: Number(row['size_bytes']),
  }));
}

/** Why the backup does not have an object's bytes already, as a predicate; undefined when it has them. */
async function problemThere(
  { objects, soundObject }: DataFolder,
  store: ObjectStore,
  sha256: string,
): Promise<string | undefined> {
  const [ours, theirs] = await Promise.all([
    fileAt(objects.path(sha256)),
    fileAt(store.path(sha256)),
  ]);
  // One file in both, which Slipway may have read already.
  const isLinked = ours && theirs && ours.dev === theirs.dev && ours.ino === theirs.ino;
  return isLinked ? soundObject(sha256) : store.problem(sha256);
}

/** Returns why the object is not in the backup now, as a predicate. */
async function storeObject(
  { objects, soundObject }: DataFolder,
  store: ObjectStore,
  sha256: string,
  { isLinked }: Options,
): Promise<string | undefined> {
  const problem = await soundObject(sha256);
  if (problem) return problem;
  const [source, destination] = [objects.path(sha256), store.path(sha256)];
  if (isLinked && (await isLinkedTo(source, destination))) return undefined;
  if (await store.mend(sha256, [source])) return undefined;
  return 'could not be copied: it changed meanwhile, or the disk of the backup is full';
}

async function isLinkedTo(source: string, destination: string): Promise<boolean> {
  await rm(destination, { force: true });
  return link(source, destination).then(
    () => true,
    () => false,
  );
}

async function writeLabel(target: string, nowMs: number, registry: string): Promise<void> {
  using database = new DatabaseSync(registry, { readOnly: true });
  const label = { slipway: 'backup', schema: versionOf(database), takenAtMs: nowMs };
  await writeFile(join(target, `${LABEL}.new`), JSON.stringify(label));
  await rename(join(target, `${LABEL}.new`), join(target, LABEL));
}
