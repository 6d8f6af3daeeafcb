import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const OPTIONS = { recursive: true, force: true } as const;
/** The errors of a folder that a model has closed (mode 0), or nested deeper than a path is long. */
const LEFT_THERE: readonly unknown[] = ['EACCES', 'EPERM', 'ENOTEMPTY', 'ENAMETOOLONG'];

// Found by find alone: it refuses to run anything where a folder of PATH is relative.
const ENVIRONMENT = { PATH: '/usr/bin:/bin' };
const CLOSED = ['-type', 'd', '!', '-perm', '-u+rwx'];

/**
 * Opens all folders below a path, before it looks into each, and removes them. Both programs go from folder to folder, so that no path is too long for them, and follow no link.
 * No mode of a file changes: it may be a link of the store's.
 */
const openingOf = (path: string) =>
  ['find', [path, ...CLOSED, '-execdir', 'chmod', 'u+rwx', '{}', ';']] as const;
const removalOf = (path: string) => ['rm', ['-rf', '--', path]] as const;

/** Removes a folder that a model could write to, and may have made so that it does not want to go. Nothing is there for a path that does not exist. */
export async function removeFolder(path: string): Promise<void> {
  try {
    await rm(path, OPTIONS);
  } catch (error) {
    if (!isLeftThere(error)) throw error;
    // It fails where something goes meanwhile; whether all has gone, the removal says.
    await run(...openingOf(path), { env: ENVIRONMENT }).catch(() => undefined);
    await run(...removalOf(path), { env: ENVIRONMENT });
  }
}

/** The same, for what begins at once. */
export function removeFolderSync(path: string): void {
  try {
    rmSync(path, OPTIONS);
  } catch (error) {
    if (!isLeftThere(error)) throw error;
    spawnSync(...openingOf(path), { env: ENVIRONMENT, stdio: 'ignore' });
    execFileSync(...removalOf(path), { env: ENVIRONMENT, stdio: 'pipe' });
  }
}

function isLeftThere(error: unknown): boolean {
  return error instanceof Error && 'code' in error && LEFT_THERE.includes(error.code);
}
