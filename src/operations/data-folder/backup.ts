import { link, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { backup as copyDatabase, DatabaseSync } from 'node:sqlite';
import { type ObjectStore, objectStore } from '#adapters/local/bucket/object-store.ts';
import { fileAt } from '#adapters/local/files/file-state.ts';
import { checkedFiles } from '#adapters/local/integrity/checked-files.ts';
import { resultCode } from '#adapters/local/registry/database.ts';
import { REGISTRY } from '#adapters/local/registry/open-registry.ts';
import { makeOwnFolder } from '#adapters/local/registry/own-folder.ts';
import { versionOf } from '#adapters/local/registry/schema-version.ts';
import { storageFailure } from '#adapters/local/registry/storage-failure.ts';
import type { BackedUp, Bad } from '#control/data-folder.ts';
import { Failure } from '#domain/failure.ts';
import { copyTree } from './copy-tree.ts';
import { type DataFolder, type Job, keptVersions } from './data-folder.ts';

/** The file that marks a folder as a backup, with the version of its registry. */
export const LABEL = 'backup.json';
const COPIES_TRIED = 5;
// SQLITE_OK, SQLITE_BUSY, SQLITE_LOCKED: https://www.sqlite.org/rescode.html
const GIVEN_UP: readonly number[] = [0, 5, 6];

type Options = {
  /** Links objects instead of copying them where both are on one disk: quick, but a damaged file is then damaged in both. */
  readonly isLinked: boolean;
  readonly nowMs: number;
};

/**
 * Copies the registry as it is at this moment, then the objects and built folders that it needs; existing content of the backup is left alone. The registry is put in place last, so an interrupted backup leaves the previous one.
 * Slipway runs on meanwhile. Objects are checked against their hash while they are copied.
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
    const bad: Bad[] = [];
    const store = objectStore(join(target, 'objects'), checkedFiles());
    let [objects, copied, copiedBytes] = [0, 0, 0];
    for (const { sha256, key, sizeBytes } of objectsOf(copy)) {
      objects += 1;
      if (await isStored(target, sha256, sizeBytes)) continue;
      const problem = await storeObject(folder, store, sha256, options);
      if (problem) {
        const name = `objects/${sha256}`;
        const fix = `Drop the same bytes as ${key} again; \`slipway scrub\` says which versions need them.`;
        bad.push({ name, reason: `${name} ${problem}`, fix, models: [] });
        continue;
      }
      copied += 1;
      copiedBytes += sizeBytes;
      if (copied % 50 === 0) yield { progress: `copied ${copied} objects` };
    }
    yield { progress: 'copying what builds made' };
    bad.push(...(await copyImages(folder, target)));
    await copyTree(join(folder.dataDir, 'grants'), join(target, 'grants'));
    await writeLabel(target, options.nowMs, copy);
    await rename(copy, join(target, REGISTRY));
    yield { result: { to: target, objects, copied, copiedBytes, bad } };
  } catch (error) {
    throw storageFailure(error, target);
  }
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

async function isStored(target: string, sha256: string, sizeBytes: number): Promise<boolean> {
  const file = await fileAt(join(target, 'objects', sha256));
  return file !== undefined && Number(file.size) === sizeBytes;
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
  await rm(destination, { force: true });
  if (isLinked && (await isLinkedTo(source, destination))) return undefined;
  if (await store.mend(sha256, [source])) return undefined;
  return 'could not be copied: it changed meanwhile, or the disk of the backup is full';
}

async function isLinkedTo(source: string, destination: string): Promise<boolean> {
  return link(source, destination).then(
    () => true,
    () => false,
  );
}

/** Copies the built folders and the environments that versions need, except damaged ones. */
async function copyImages(
  { registry, dataDir, imageProblem }: DataFolder,
  target: string,
): Promise<readonly Bad[]> {
  if (!imageProblem) return [];
  const bad: Bad[] = [];
  const kept = await keptVersions(registry);
  const images = new Map(kept.flatMap(({ image }) => (image ? [[image.tag, image]] : [])));
  for (const image of images.values()) {
    const name = `images/images/${image.tag}`;
    const problem = await imageProblem(image);
    if (problem === undefined) await copyTree(join(dataDir, name), join(target, name));
    else bad.push({ name, reason: `${name} ${problem}`, fix: SCRUB, models: [] });
  }
  await copyTree(join(dataDir, 'images/environments'), join(target, 'images/environments'));
  return bad;
}

const SCRUB = 'Run `slipway scrub`, which says what to do.';

async function writeLabel(target: string, nowMs: number, registry: string): Promise<void> {
  using database = new DatabaseSync(registry, { readOnly: true });
  const label = { slipway: 'backup', schema: versionOf(database), takenAtMs: nowMs };
  await writeFile(join(target, `${LABEL}.new`), JSON.stringify(label));
  await rename(join(target, `${LABEL}.new`), join(target, LABEL));
}
