import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Failure } from '#domain/failure.ts';

/**
 * Takes a data folder for this process alone and answers how to give it back; the system gives it back by itself when the process dies.
 * SQLite's file lock is the one lock that Node has. Fails with `InputInvalid` when another process holds the folder.
 */
export function lockFolder(dataDir: string): () => void {
  const lock = new DatabaseSync(join(dataDir, 'lock'), { timeout: 0 });
  try {
    lock.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    throw new Failure('InputInvalid', `another Slipway runs on ${dataDir}`, {
      cause,
      fix: 'Stop it first, or start this one with another folder: --data DIR.',
    });
  }
  return () => lock.close();
}
