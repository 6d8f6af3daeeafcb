import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '#adapters/local/files/make-folder.ts';
import { Failure } from '#domain/failure.ts';

const OTHERS = 0o077;

/**
 * Makes a folder that its owner alone may open, and closes one to others that is there already: models and the registry lie in it, and the token of the control API.
 * Fails with `PlatformDenied` where the folder is another user's, or stays open since its file system keeps no modes.
 */
export function makeOwnFolder(path: string): void {
  if (!existsSync(dirname(path))) makeFolder(dirname(path));
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
  closeToOthers(path);
}

function closeToOthers(path: string): void {
  const user = process.getuid?.();
  // Windows has lists of access in place of modes, and a user's folders are closed to other users there.
  if (user === undefined) return;
  const { uid, mode } = statSync(path);
  if (uid !== user) throw ofAnother(path, uid, user);
  if ((mode & OTHERS) === 0) return;
  chmodSync(path, mode & 0o700);
  if ((statSync(path).mode & OTHERS) !== 0) throw staysOpen(path);
}

function ofAnother(path: string, uid: number, user: number): Failure {
  return new Failure(
    'PlatformDenied',
    `${path} belongs to the user ${uid}, who could read and change all that is in it; Slipway runs as the user ${user}`,
    {
      fix: `Run Slipway as the user ${uid}, or give this user the folder (chown -R ${user}), or name another one.`,
    },
  );
}

function staysOpen(path: string): Failure {
  return new Failure(
    'PlatformDenied',
    `${path} stays open to other users of this machine: its file system keeps no modes`,
    {
      fix: 'Name a folder on another file system, or mount this one so that only you can read it.',
    },
  );
}
