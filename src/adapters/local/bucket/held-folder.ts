import { type BigIntStats, constants, existsSync } from 'node:fs';
import { type FileHandle, lstat, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode, fileAt } from '#adapters/local/files/file-state.ts';

/** A folder of the bucket that is held open. An operation on a path from `at` acts on that very folder, even if another has taken its place meanwhile. */
export type HeldFolder = AsyncDisposable & {
  /** The path of one of its entries. */
  at(name: string): string;
};

type Step = { readonly handle: FileHandle; readonly path: string };

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
// Node has no openat(2); on Linux a path through an open descriptor is resolved from the folder that this has open (proc(5)).
const DESCRIPTORS = '/proc/self/fd';
const hasDescriptors = existsSync(DESCRIPTORS);

/**
 * Opens the folder in which a key's file lies, one component after the other, and follows no link on the way; only the bucket folder itself may be one. Undefined when there is a link.
 * `makes`: folders that are missing are made. Else a missing one fails with ENOENT, a file in the place of one with ENOTDIR.
 * Where the system has no /proc, as macOS, a component is looked at and then used by its path: whoever swaps it between the two is not noticed.
 */
export async function holdFolder(
  bucketFolder: string,
  key: string,
  { makes }: { readonly makes: boolean },
): Promise<HeldFolder | undefined> {
  const names = dirname(key) === '.' ? [] : dirname(key).split('/');
  let step: Step = {
    handle: await open(bucketFolder, constants.O_RDONLY | constants.O_DIRECTORY),
    path: bucketFolder,
  };
  try {
    for (const name of names) {
      const next = await openNext(step, name, makes);
      await step.handle.close();
      if (!next) return undefined;
      step = next;
    }
  } catch (error) {
    await step.handle.close();
    throw error;
  }
  const { handle } = step;
  const at = (name: string) => entryOf(step, name);
  return { at, [Symbol.asyncDispose]: () => handle.close() };
}

/** The state of a key's file at this moment; undefined where none is, or where a link stands on the way to it: nothing in a folder elsewhere is a file of the bucket. */
export async function fileOfKey(
  bucketFolder: string,
  key: string,
): Promise<BigIntStats | undefined> {
  const names = key.split('/');
  const above = names.slice(1).map((_, index) => names.slice(0, index + 1).join('/'));
  const folders = await Promise.all(above.map((folder) => fileAt(join(bucketFolder, folder))));
  if (folders.some((folder) => folder?.isSymbolicLink())) return undefined;
  return fileAt(join(bucketFolder, key));
}

function entryOf({ handle, path }: Step, name: string): string {
  return join(hasDescriptors ? `${DESCRIPTORS}/${handle.fd}` : path, name);
}

async function openNext(step: Step, name: string, makes: boolean): Promise<Step | undefined> {
  const at = entryOf(step, name);
  const path = join(step.path, name);
  try {
    return { handle: await open(at, FOLDER), path };
  } catch (error) {
    if (errorCode(error) === 'ENOENT' && makes) {
      await mkdir(at).catch(unlessThere);
      return openNext(step, name, false);
    }
    // Linux says ENOTDIR of a link, macOS ELOOP.
    if ((await lstat(at).catch(() => undefined))?.isSymbolicLink()) return undefined;
    throw error;
  }
}

function unlessThere(error: unknown): void {
  if (errorCode(error) !== 'EEXIST') throw error;
}
