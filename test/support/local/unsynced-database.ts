import type { DatabaseSync } from 'node:sqlite';
import { openDatabase } from '#adapters/local/registry/database.ts';

/** The database of one machine, which does not wait for the disk: for tests in which no power supply is lost. */
export function unsyncedDatabase(path: string): DatabaseSync {
  const database = openDatabase(path);
  database.exec('PRAGMA synchronous = OFF');
  return database;
}
