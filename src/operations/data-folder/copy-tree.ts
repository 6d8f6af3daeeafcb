import { constants } from 'node:fs';
import {
  copyFile,
  lstat,
  mkdir,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
  utimes,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileAt } from '#adapters/local/files/file-state.ts';

/** Copies the content of a folder, with its symbolic links; does nothing where there is no such folder. A file of the same size and time is left alone. Each file is there whole or not at all. */
export async function copyTree(source: string, destination: string): Promise<void> {
  const entries = await readdir(source, { withFileTypes: true }).catch(() => []);
  if (entries.length > 0) await mkdir(destination, { recursive: true });
  for (const entry of entries) {
    const [from, to] = [join(source, entry.name), join(destination, entry.name)];
    if (entry.isDirectory()) await copyTree(from, to);
    else if (entry.isSymbolicLink()) await copyLink(from, to);
    else if (entry.isFile() && !(await isCopied(from, to))) await copyWhole(from, to);
  }
}

async function copyLink(from: string, to: string): Promise<void> {
  await rm(to, { force: true });
  await symlink(await readlink(from), to);
}

async function isCopied(from: string, to: string): Promise<boolean> {
  const none = () => undefined;
  const [source, copy] = await Promise.all([lstat(from).catch(none), lstat(to).catch(none)]);
  const isAsOld = source && Math.abs(source.mtimeMs - (copy?.mtimeMs ?? 0)) < 1;
  return isAsOld === true && copy?.isFile() === true && copy.size === source.size;
}

async function copyWhole(from: string, to: string): Promise<void> {
  const temporary = join(dirname(to), `.copying-${process.pid}`);
  try {
    const { atimeMs, mtimeMs } = await lstat(from);
    await copyFile(from, temporary, constants.COPYFILE_FICLONE);
    await utimes(temporary, atimeMs / 1000, mtimeMs / 1000);
    await rename(temporary, to);
  } catch (error) {
    await rm(temporary, { force: true });
    // A version, and its build, may be removed meanwhile.
    if (await fileAt(from)) throw error;
  }
}
