import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The text of a file; null where it cannot be read: only Linux has the files of processes, which go when a process ends, and a build removes those of its ended containers. */
export function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** The ids of the processes that are listed in `proc` below this folder. Throws where there is no such list. */
export function processIds(root = '/'): readonly number[] {
  return readdirSync(join(root, 'proc'))
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}
