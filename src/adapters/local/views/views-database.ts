import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/**
 * Opens the database that the console draws from: how long each step took, and how requests went. Nothing depends on it: a commit is not synced, and a file that cannot be read is begun anew.
 * Steps and requests are recorded while they happen, and may not wait for a disk.
 */
export function openViews(path: string): DatabaseSync {
  try {
    return opened(path);
  } catch {
    for (const file of [path, `${path}-wal`, `${path}-shm`]) rmSync(file, { force: true });
    return opened(path);
  }
}

function opened(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
  return database;
}
