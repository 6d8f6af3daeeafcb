import type { DatabaseSync } from 'node:sqlite';
import { Failure } from '#domain/failure.ts';
import { transaction } from './database.ts';

type Migration = (database: DatabaseSync, nowMs: number) => void;

/**
 * The steps that make a registry of each version one of the next, from 0 on: registries without a version were made before there were versions.
 * A change that an earlier Slipway would not understand needs a migration; a table that it passes over does not.
 */
const MIGRATIONS: readonly Migration[] = [recordBeginning];

/** The version of the registry that this Slipway writes, kept as SQLite's `user_version`. */
export const SCHEMA_VERSION: number = MIGRATIONS.length;

/** Brings a registry to this Slipway's version, in one transaction. Fails with `InputInvalid` for the registry of a newer Slipway. */
export function migrate(database: DatabaseSync, nowMs: number): void {
  const version = versionOf(database);
  if (version > SCHEMA_VERSION) {
    throw new Failure(
      'InputInvalid',
      `the data folder belongs to a newer Slipway: its registry has version ${version}, and this Slipway knows versions up to ${SCHEMA_VERSION}`,
      {
        fix: 'Start it with the newer Slipway, or restore a backup from before the upgrade with `slipway restore`.',
      },
    );
  }
  if (version === SCHEMA_VERSION) return;
  transaction(database, () => {
    for (const step of MIGRATIONS.slice(version)) step(database, nowMs);
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  });
}

export function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
}

/** When the registry was made (epoch); 0 for one from before it was recorded. */
export function madeAtMs(database: DatabaseSync): number {
  return Number(database.prepare('SELECT made_at_ms FROM about').get()?.['made_at_ms']);
}

function recordBeginning(database: DatabaseSync, nowMs: number): void {
  const isNew = database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.['count'];
  database.exec('CREATE TABLE about (made_at_ms INTEGER NOT NULL) STRICT');
  database.prepare('INSERT INTO about (made_at_ms) VALUES (?)').run(isNew === 0 ? nowMs : 0);
}
