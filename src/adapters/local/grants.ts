import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { storageFailure } from './storage-failure.ts';

/** A file that may be read by whoever is on this machine. */
export type GrantedFile = {
  readonly name: string;
  readonly sizeBytes: number;
  readonly path: string;
};

const OWNER_ONLY = 0o600;

/** Writes lists of files, each under its id, and answers a list's URL. */
export function grants(folder: string) {
  mkdirSync(folder, { recursive: true });

  return async (id: string, files: readonly GrantedFile[]): Promise<string> => {
    const path = join(folder, `${id}.json`);
    const temporary = join(folder, `.${randomUUID()}`);
    const list = files.map(({ name, sizeBytes, path }) => ({ name, sizeBytes, url: urlOf(path) }));
    try {
      await writeFile(temporary, JSON.stringify(list), { mode: OWNER_ONLY });
      await rename(temporary, path);
    } catch (error) {
      throw storageFailure(error, path);
    }
    return urlOf(path);
  };
}

function urlOf(path: string): string {
  return pathToFileURL(path).href;
}
