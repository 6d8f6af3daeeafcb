import type { Dir, Stats } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { errorCode } from '#adapters/local/files/file-state.ts';
import { isHidden } from '#domain/artifact/hidden-file.ts';
import { MAX_PARTS } from '#domain/artifact/limit.ts';
import { Failure } from '#domain/failure.ts';
import { linksWithin } from './links.ts';
import { fixOfMissing } from './typed-path.ts';

const MANIFEST = 'model.yaml';
// Reading a folder takes as long as reading a file, and a tree of folders alone could be endless too.
const MAX_FOLDERS = 10 * MAX_PARTS;

type Observers = {
  /** The number of files found so far. */
  readonly onFound?: (count: number) => void;
  /** The name of a link to a folder, or to nothing, which is not part of the artifact. */
  readonly onLeftOut?: (name: string) => void;
};

/**
 * The files of a folder that belong to its artifact, by their names within it, sorted: neither hidden files nor files in hidden folders.
 * Fails with `ArtifactRejected` as soon as there are more than an artifact may have, with `InputInvalid` where they may not be read, or one is a link out of the folder.
 */
export async function folderFiles(
  folder: string,
  { onFound = () => {}, onLeftOut = () => {} }: Observers = {},
): Promise<readonly string[]> {
  const found: string[] = [];
  const folders = [''];
  const requireWithin = linksWithin(folder);
  for (const within of folders) {
    for await (const entry of await opened(join(folder, within))) {
      if (isHidden(entry.name)) continue;
      const name = within ? `${within}/${entry.name}` : entry.name;
      if (entry.isDirectory()) folders.push(name);
      else if (entry.isFile() || (await isLinkedFile(folder, name, requireWithin)))
        found.push(name);
      else if (entry.isSymbolicLink()) onLeftOut(name);
      if (found.length > MAX_PARTS + Number(found.includes(MANIFEST))) {
        throw tooMany(folder, `${MAX_PARTS} files beside its ${MANIFEST}`);
      }
      if (folders.length > MAX_FOLDERS) throw tooMany(folder, `${MAX_FOLDERS} folders in it`);
      onFound(found.length);
    }
  }
  return found.toSorted();
}

/** A link to a file of the folder counts as that file; one to a folder, or to nothing, is left out. */
async function isLinkedFile(
  folder: string,
  name: string,
  requireWithin: (name: string) => Promise<void>,
): Promise<boolean> {
  if (!(await isFile(join(folder, name)))) return false;
  await requireWithin(name);
  return true;
}

async function opened(folder: string): Promise<Dir> {
  return opendir(folder).catch((cause: unknown) => {
    throw unreadable(folder, cause);
  });
}

/** Why a path, as it was typed, gives no artifact: it does not exist, or may not be read. */
export function unreadable(path: string, cause: unknown): Failure {
  const isMissing = errorCode(cause) === 'ENOENT';
  return new Failure('InputInvalid', `${path} ${isMissing ? 'does not exist' : 'cannot be read'}`, {
    cause,
    fix: isMissing
      ? fixOfMissing(path)
      : 'Give the user that runs this command the right to read it.',
  });
}

/** The file or folder at a path, as it was typed. Fails with `InputInvalid` where it is neither: a pipe, as with `<(…)`, and a device have no length, and may never end. */
export async function pathStats(path: string): Promise<Stats> {
  // The shell passes an empty word for an unset variable, and Node would take it for the current folder.
  if (path === '') {
    throw new Failure('InputInvalid', 'the path is empty', {
      fix: 'Name a file or a folder; the one in which you are is `.`.',
    });
  }
  const found = await stat(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  if (found.isFile() || found.isDirectory()) return found;
  throw new Failure('InputInvalid', `${path} is neither a file nor a folder`, {
    fix: 'Write what comes out of it into a file, and name that.',
  });
}

function tooMany(folder: string, limit: string): Failure {
  return new Failure(
    'ArtifactRejected',
    `${basename(folder) || folder} has more than ${limit}, which is the limit`,
    {
      fix: 'Name a folder with only the files that the model is served from, or an archive of them.',
    },
  );
}

/** Whether the path is a file; false for a missing path too. */
export async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ?? false;
}
