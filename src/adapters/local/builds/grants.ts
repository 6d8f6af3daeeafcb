import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { storageFailure } from '#adapters/local/registry/storage-failure.ts';
import type { GrantedOrder } from '#ports/artifact-store.ts';

/** A file that anyone on this machine may read. */
export type GrantedFile = {
  readonly name: string;
  readonly sizeBytes: number;
  readonly path: string;
};

const OWNER_ONLY = 0o600;

/** Writes each build's instructions and files under its id, and returns the URL. */
export function grants(folder: string) {
  mkdirSync(folder, { recursive: true });

  return async (
    id: string,
    granted: readonly GrantedFile[],
    order: GrantedOrder,
  ): Promise<string> => {
    const path = join(folder, `${id}.json`);
    const temporary = join(folder, `.${randomUUID()}`);
    const files = granted.map(({ name, sizeBytes, path }) => ({
      name,
      sizeBytes,
      url: urlOf(path),
    }));
    try {
      await writeFile(temporary, JSON.stringify({ order, files }), { mode: OWNER_ONLY });
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
