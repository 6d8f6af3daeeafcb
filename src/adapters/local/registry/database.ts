import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Failure } from '#domain/failure.ts';

// A write by another connection blocks this one, and with it the event loop.
const LOCK_TIMEOUT_MS = 1000;

/**
 * Opens or creates the database that holds one machine's records.
 * A reported commit survives a killed process and a power cut (WAL with a synced log: about 400 writes a second on one SSD).
 */
export function openDatabase(path: string): DatabaseSync {
  return translated(() => {
    const database = new DatabaseSync(path, { timeout: LOCK_TIMEOUT_MS });
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    return database;
  });
}

/**
 * Runs `work`, which must not await, as one transaction: all of its writes or, if it throws, none. Inside another transaction it becomes part of that one.
 * Fails with `StorageFull` or `PlatformUnavailable` (locked by another process, or the file is gone); other errors pass through.
 */
export function transaction<Result>(database: DatabaseSync, work: () => Result): Result {
  if (database.isTransaction) return work();
  requireFile(database);
  return translated(() => {
    database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      database.exec('COMMIT');
      return result;
    } catch (error) {
      // A full disk has already rolled it back.
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  });
}

// SQLite keeps writing to a deleted file, and reports commits that are lost.
function requireFile(database: DatabaseSync): void {
  const path = database.location();
  if (path === null || existsSync(path)) return;
  throw new Failure('PlatformUnavailable', `${path} is gone`, {
    fix: 'Stop Slipway, put the data folder back, and start it again.',
  });
}

/** Runs reads, with the same failures as `transaction`. */
export function translated<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    throw translate(cause);
  }
}

const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
export const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
export const SQLITE_NOTADB = 26;

function translate(cause: unknown): unknown {
  // The low byte of an extended result code is the primary code. https://sqlite.org/rescode.html
  switch (resultCode(cause) & 0xff) {
    case SQLITE_FULL:
      return new Failure('StorageFull', 'the disk with the data folder is full', {
        cause,
        fix: 'Free some space on it; what was recorded so far is safe.',
      });
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return new Failure('PlatformUnavailable', 'the registry is locked by another process', {
        cause,
      });
    case SQLITE_CORRUPT:
      return damagedRegistry(messageOf(cause), cause);
    default:
      return cause;
  }
}

/** The registry's file has pages that SQLite did not write. */
export function damagedRegistry(reason: string, cause?: unknown): Failure {
  return new Failure('PlatformUnavailable', `the registry is damaged: ${reason}`, {
    cause,
    fix: 'Stop Slipway, move registry.db away and put a backup in its place with `slipway restore`; without one, `sqlite3 registry.db .recover` saves what can be read.',
  });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

export function resultCode(cause: unknown): number {
  return cause instanceof Error && 'errcode' in cause && typeof cause.errcode === 'number'
    ? cause.errcode
    : 0;
}
