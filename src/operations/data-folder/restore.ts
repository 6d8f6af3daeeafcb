import { existsSync, statSync } from 'node:fs';
import { copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as z from 'zod/mini';
import { systemClock } from '#adapters/clocks.ts';
import { objectStore } from '#adapters/local/bucket/object-store.ts';
import { objectVersions } from '#adapters/local/bucket/object-versions.ts';
import { showInBucket } from '#adapters/local/bucket/view.ts';
import { regrant } from '#adapters/local/builds/grants.ts';
import { fileAt, fingerprint } from '#adapters/local/files/file-state.ts';
import { damagedRegistry, openDatabase } from '#adapters/local/registry/database.ts';
import { lockFolder } from '#adapters/local/registry/lock-folder.ts';
import { REGISTRY } from '#adapters/local/registry/open-registry.ts';
import { quickCheck, registryFailure } from '#adapters/local/registry/registry-check.ts';
import { migrate } from '#adapters/local/registry/schema-version.ts';
import { storageFailure } from '#adapters/local/registry/storage-failure.ts';
import type { Bad } from '#control/data-folder.ts';
import { Failure } from '#domain/failure.ts';
import { parseJson } from '#domain/parse-json.ts';
import { LABEL, objectsOf } from './backup.ts';
import { copyTree } from './copy-tree.ts';
import type { Job } from './data-folder.ts';
import { environmentProblem, environmentsIn } from './environments.ts';

/** The objects put into the data folder; what is in `bad` is in the backup, but with other bytes. */
export type Restored = {
  readonly dataDir: string;
  readonly objects: number;
  readonly copied: number;
  readonly bad: readonly Bad[];
};

const label = z.object({ slipway: z.literal('backup'), schema: z.int(), takenAtMs: z.number() });

/**
 * Makes a data folder from a backup: a new one, or one that has lost its registry, whose sound objects stay.
 * The registry is put in place last; until then a start is refused. Existing files in the bucket stay, and count as drops where they differ.
 * Fails with `InputInvalid` when the folder has a registry, a Slipway runs on it, or `from` is not a sound backup that this Slipway knows.
 */
export async function* restore(from: string, dataDir: string): Job<Restored> {
  const source = resolve(from);
  await requireBackup(source);
  const registry = join(dataDir, REGISTRY);
  if (existsSync(registry) && statSync(registry).size > 0) {
    throw new Failure('InputInvalid', `${dataDir} has a registry already`, {
      fix: `Move ${registry} away first, with ${REGISTRY}-wal and ${REGISTRY}-shm; or name a new folder: --data DIR.`,
    });
  }
  const unlock = lockFolder(dataDir);
  try {
    const objects = objectStore(join(dataDir, 'objects'));
    const bad: Bad[] = [];
    let [count, copied] = [0, 0];
    for (const { sha256, key } of objectsOf(join(source, REGISTRY))) {
      count += 1;
      if ((await objects.problem(sha256)) === undefined) continue;
      if (await objects.mend(sha256, [join(source, 'objects', sha256)])) {
        copied += 1;
        if (copied % 50 === 0) yield { progress: `copied ${copied} objects` };
        continue;
      }
      const name = `objects/${sha256}`;
      const reason = `${name} is missing in the backup, or has other bytes there`;
      bad.push({ name, reason, fix: `Drop the same bytes as ${key} again.`, models: [] });
    }
    yield { progress: 'copying what builds made' };
    await copyTree(join(source, 'images'), join(dataDir, 'images'));
    bad.push(...(await badEnvironments(dataDir)));
    await copyTree(join(source, 'grants'), join(dataDir, 'grants'));
    await regrant(join(dataDir, 'grants'), join(resolve(dataDir), 'objects'));
    await placeRegistry(source, dataDir, objects.path);
    yield { result: { dataDir, objects: count, copied, bad } };
  } catch (error) {
    throw storageFailure(error, dataDir);
  } finally {
    unlock();
  }
}

/** A start compares an object and a built folder with its hash, but not the packages of an environment. */
async function badEnvironments(dataDir: string): Promise<readonly Bad[]> {
  const bad: Bad[] = [];
  for (const { name: hash, path } of environmentsIn(dataDir)) {
    const problem = await environmentProblem(path);
    const name = `images/environments/${hash}`;
    if (problem) bad.push({ name, reason: `${name} ${problem}`, fix: ENVIRONMENT, models: [] });
  }
  return bad;
}

const ENVIRONMENT =
  'Delete this folder, the folders in images/images that link to it and ~/.cache/slipway/environments; the start then builds them again.';

async function requireBackup(source: string): Promise<void> {
  const text = await readFile(join(source, LABEL), 'utf8').catch(() => '');
  if (!label.safeParse(parseJson(text)).success || !existsSync(join(source, REGISTRY))) {
    throw new Failure('InputInvalid', `${source} is not a backup of Slipway`, {
      fix: 'Name a folder that `slipway backup` has made.',
    });
  }
  const path = join(source, REGISTRY);
  const fault = await quickCheck(path);
  if (fault?.kind === 'damaged') throw damagedRegistry(`${path}: ${fault.reason}`);
  if (fault) throw registryFailure(fault, path);
}

async function placeRegistry(
  source: string,
  dataDir: string,
  objectPath: (sha256: string) => string,
): Promise<void> {
  const partial = join(dataDir, `${REGISTRY}.restoring`);
  const left = ['', '-wal', '-shm'];
  for (const end of left) await rm(`${partial}${end}`, { force: true });
  await copyFile(join(source, REGISTRY), partial);
  const database = openDatabase(partial);
  try {
    migrate(database, Date.now());
    await showBucket(database, dataDir, objectPath);
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } finally {
    database.close();
  }
  for (const end of left) await rm(join(dataDir, `${REGISTRY}${end}`), { force: true });
  await rename(partial, join(dataDir, REGISTRY));
}

/** A key without its file would count as deleted, and a file that another program wrote as a new drop. */
async function showBucket(
  database: ReturnType<typeof openDatabase>,
  dataDir: string,
  objectPath: (sha256: string) => string,
): Promise<void> {
  const bucket = join(dataDir, 'bucket');
  await mkdir(join(bucket, 'models'), { recursive: true });
  const versions = objectVersions(database, systemClock);
  for (const { key, versionId, sha256 } of versions.list('', '')) {
    if (await fileAt(join(bucket, key))) continue;
    if (!existsSync(objectPath(sha256))) continue;
    const path = objectPath(sha256);
    const shown = await showInBucket(bucket, key, path, versions.hasFolder);
    versions.shown(versionId, fingerprint(shown));
  }
}
