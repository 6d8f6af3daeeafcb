import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const CACHE = join(ROOT, 'node_modules/.cache');
const MADE = new Set(['node_modules', 'dist', '__pycache__']);
const HASH = /^[0-9a-f]{16}(?:-[a-z0-9-]+)?$/;

/** Whether a file or folder of this name belongs to the source: it is not made by a tool. */
export const isSource = (name: string) => !MADE.has(name);

/** A hash over the paths and the content of these files, and of the files in these folders; paths are relative to the root of the repository. */
export async function hashOfSource(names: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const name of names) {
    for (const file of (await filesIn(name)).toSorted()) {
      hash.update(`${file}\0`).update(await readFile(join(ROOT, file)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

/**
 * A folder in node_modules/.cache that is made once for a hash and kept for later runs; folders of other hashes are removed.
 * `make` makes it anywhere in `parent`, and returns its path.
 */
export async function keptFolder(
  room: string,
  { hash, suffix = '' }: { readonly hash: string; readonly suffix?: string },
  make: (parent: string) => Promise<string>,
): Promise<string> {
  const parent = join(CACHE, room);
  const folder = join(parent, hash + suffix);
  if (existsSync(folder)) return folder;
  await mkdir(parent, { recursive: true });
  const made = await make(parent);
  await rename(made, folder).catch(async (error: unknown) => {
    // Another process was faster.
    if (!existsSync(folder)) throw error;
    await rm(made, { recursive: true });
  });
  const old = (await readdir(parent)).filter((name) => HASH.test(name) && !name.startsWith(hash));
  await Promise.all(old.map((name) => rm(join(parent, name), { recursive: true, force: true })));
  return folder;
}

async function filesIn(name: string): Promise<string[]> {
  const entries = await readdir(join(ROOT, name), { withFileTypes: true }).catch(() => undefined);
  if (!entries) return [name];
  const kept = entries.filter((entry) => isSource(entry.name));
  return (await Promise.all(kept.map((entry) => filesIn(`${name}/${entry.name}`)))).flat();
}
