// Environments with only the server's locked packages, without any part of a model: kept once for a machine, as hard links.
import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { mkdir, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cached } from './caches.mjs';

const MONTH_MS = 30 * 24 * 60 * 60 * 1000;
// This file is written anew for each environment that is installed.
const LOCK = 'lock.txt';

/**
 * The folder in which an environment of this name is kept for a Python: an update of that Python may be another version.
 * @param {string} name
 * @param {string} python
 */
export async function keptAs(name, python) {
  const program = await realpath(python);
  const { mtimeMs } = await stat(program);
  const hash = createHash('sha256').update(JSON.stringify([name, program, mtimeMs]));
  return join(cached('environments'), hash.digest('hex'));
}

/**
 * Links a kept environment to `folder`, and returns whether there was one.
 * @param {string} from
 * @param {string} folder
 */
export async function takeKept(from, folder) {
  try {
    await mkdir(dirname(folder), { recursive: true });
    linkAll(from, folder);
    return true;
  } catch {
    // It does not exist, is being deleted, or is on another disk.
    await rm(folder, { recursive: true, force: true });
    return false;
  }
}

/**
 * Keeps an environment for later ones, and removes kept ones that no environment has used for a month.
 * @param {string} folder
 * @param {string} as
 */
export async function keepEnvironment(folder, as) {
  const partial = `${as}.${process.pid}.partial`;
  try {
    await mkdir(dirname(as), { recursive: true });
    await forgetUnused(dirname(as));
    linkAll(folder, partial);
    await rename(partial, as);
  } catch {
    // The next one is installed again.
    await rm(partial, { recursive: true, force: true });
  }
}

/**
 * @param {string} from
 * @param {string} to
 */
function linkAll(from, to) {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) linkAll(source, target);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else linkSync(source, target);
  }
}

/** @param {string} kept */
async function forgetUnused(kept) {
  for (const name of await readdir(kept)) {
    const folder = join(kept, name);
    const lock = await stat(join(folder, LOCK)).catch(() => undefined);
    // Its links are the environments that were made from it.
    const isUsed = lock !== undefined && lock.nlink > 1;
    const { mtimeMs } = await stat(folder);
    if (isUsed || mtimeMs > Date.now() - MONTH_MS) continue;
    // While it is deleted under its own name, another build could take half of it.
    const gone = `${folder}.${process.pid}.gone`;
    await rename(folder, gone);
    await rm(gone, { recursive: true });
  }
}
