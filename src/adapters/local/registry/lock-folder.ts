import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Failure } from '#domain/failure.ts';
import { dataFolderFailure, unusableFolder } from './data-folder-failure.ts';
import { makeOwnFolder } from './own-folder.ts';

/**
 * Locks a data folder for this process, creating it if needed and closing it to other users, and returns the function that unlocks it; the system unlocks it when the process dies.
 * SQLite's file lock is the one lock that Node has. Fails with `InputInvalid` when another process holds the folder, or there can be no such folder; with `PlatformDenied` when it is another user's; with `StorageFull`, `PlatformDenied` or `PlatformUnavailable` when its disk takes no writes.
 */
export function lockFolder(dataDir: string): () => void {
  let lock: DatabaseSync | undefined;
  try {
    makeOwnFolder(dataDir);
    lock = new DatabaseSync(join(dataDir, 'lock'), { timeout: 0 });
    lock.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
  } catch (cause) {
    lock?.close();
    if (isBusy(cause)) throw heldByAnother(dataDir, cause);
    const failure = dataFolderFailure(cause, dataDir);
    throw failure instanceof Failure ? failure : unusableFolder(cause, dataDir);
  }
  return () => lock.close();
}

const SQLITE_BUSY = 5;

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
}

function heldByAnother(dataDir: string, cause: unknown): Failure {
  return new Failure('InputInvalid', `another Slipway is running with the data folder ${dataDir}`, {
    cause,
    fix: 'Stop it first, or start this one with another folder: --data DIR.',
  });
}
