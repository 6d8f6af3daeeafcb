import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { Failure } from '#domain/failure.ts';
import { damagedRegistry, openDatabase, resultCode, SQLITE_NOTADB } from './database.ts';
import { madeAtMs, migrate } from './schema-version.ts';

export const REGISTRY = 'registry.db';

type Options = {
  /** Makes a new registry although the folder has objects of an earlier one. */
  readonly beginsAnew: boolean;
  readonly nowMs: number;
};

/**
 * Opens a data folder's registry, or makes one in a new folder.
 * Fails with `InputInvalid` for the registry of a newer Slipway, and for a missing or empty one beside objects: everything that was live would be forgotten. Fails with `PlatformUnavailable` for a damaged one.
 */
export function openRegistry(dataDir: string, { beginsAnew, nowMs }: Options): DatabaseSync {
  const path = join(dataDir, REGISTRY);
  const objects = objectsIn(dataDir);
  const isThere = existsSync(path) && statSync(path).size > 0;
  if (!isThere && objects.length > 0 && !beginsAnew)
    throw lost(dataDir, 'is missing or empty', objects);
  const database = open(path, objects);
  try {
    migrate(database, nowMs);
    if (!beginsAnew && isYounger(database, dataDir, objects)) {
      throw lost(dataDir, 'knows no object and is younger than the objects', objects);
    }
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Beside objects a file that is no database was a registry: its first page was written over. */
function open(path: string, objects: readonly string[]): DatabaseSync {
  try {
    return openDatabase(path);
  } catch (cause) {
    const isNoDatabase = (resultCode(cause) & 0xff) === SQLITE_NOTADB;
    if (!isNoDatabase || objects.length === 0) throw cause;
    throw damagedRegistry(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** A first upload that was killed leaves an object without a version too, but not one that is older than the registry. */
function isYounger(database: DatabaseSync, dataDir: string, objects: readonly string[]): boolean {
  if (objects.length === 0 || hasVersions(database)) return false;
  const madeAt = madeAtMs(database);
  return objects.some((name) => statSync(join(dataDir, 'objects', name)).mtimeMs < madeAt);
}

function hasVersions(database: DatabaseSync): boolean {
  const table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'objects'";
  if (!database.prepare(table).get()) return false;
  return database.prepare('SELECT 1 FROM objects LIMIT 1').get() !== undefined;
}

function objectsIn(dataDir: string): readonly string[] {
  const folder = join(dataDir, 'objects');
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => !name.startsWith('.'));
}

function lost(dataDir: string, what: string, objects: readonly string[]): Failure {
  return new Failure(
    'InputInvalid',
    `${join(dataDir, REGISTRY)} ${what}, but ${join(dataDir, 'objects')} holds ${objects.length} objects: every model and version would be forgotten`,
    {
      fix: 'Put the registry back: `slipway restore BACKUP`. Or begin anew with `slipway start --begin-anew`, which deploys what lies in the bucket as first versions and forgets all others.',
    },
  );
}
