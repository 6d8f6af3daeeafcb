import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { transaction } from './database.ts';

const SCHEMA = 'CREATE TABLE IF NOT EXISTS registry_file (file TEXT NOT NULL) STRICT';

/**
 * Whether the data folder is a copy of the one in which Slipway last ran: the registry at `path` is another file than was noted then. Notes the file.
 * A copied folder has other files in its bucket too, though nobody has dropped them. A folder in which nothing is noted counts as a copy.
 */
export function isCopied(database: DatabaseSync, path: string): boolean {
  const { dev, ino } = statSync(path, { bigint: true });
  const file = `${dev}:${ino}`;
  return transaction(database, () => {
    database.exec(SCHEMA);
    const noted = database.prepare('SELECT file FROM registry_file').get();
    database.exec('DELETE FROM registry_file');
    database.prepare('INSERT INTO registry_file (file) VALUES (?)').run(file);
    return noted?.['file'] !== file;
  });
}
