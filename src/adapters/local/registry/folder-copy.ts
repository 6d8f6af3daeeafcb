import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { transaction } from './database.ts';

const SCHEMA = 'CREATE TABLE IF NOT EXISTS registry_file (file TEXT NOT NULL) STRICT';

export type FolderCopy = {
  readonly isCopied: boolean;
  /** Notes the file, once the files that a copy has brought are known. */
  note(): void;
};

/**
 * Whether the data folder is a copy of the one in which Slipway last ran: the registry at `path` is another file than was noted then.
 * A copied folder has other files in its bucket too, though nobody has dropped them. A folder in which nothing is noted counts as a copy.
 */
export function folderCopy(database: DatabaseSync, path: string): FolderCopy {
  const { dev, ino } = statSync(path, { bigint: true });
  const file = `${dev}:${ino}`;
  transaction(database, () => database.exec(SCHEMA));
  const noted = database.prepare('SELECT file FROM registry_file').get();
  return {
    isCopied: noted?.['file'] !== file,
    note: () =>
      transaction(database, () => {
        database.exec('DELETE FROM registry_file');
        database.prepare('INSERT INTO registry_file (file) VALUES (?)').run(file);
      }),
  };
}
