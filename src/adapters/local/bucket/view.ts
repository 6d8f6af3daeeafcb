import { randomUUID } from 'node:crypto';
import { type BigIntStats, constants, existsSync } from 'node:fs';
import { chmod, copyFile, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { errorCode, fileAt, isAbsence } from '#adapters/local/files/file-state.ts';
import { storageFailure } from '#adapters/local/registry/storage-failure.ts';
import { Failure } from '#domain/failure.ts';
import { type HeldFolder, holdFolder } from './held-folder.ts';

const IN_THE_WAY = ['EISDIR', 'ENOTDIR', 'EEXIST', 'ENOTEMPTY'];
const WRITABLE = 0o644;

/**
 * Shows an object as a file of the bucket, and returns the file's observable state.
 * A copy, since writing through a hard link would change the object's bytes.
 * Fails with `InputInvalid` when a folder has the key's path, or a link leads out of the bucket.
 */
export async function showInBucket(
  bucketFolder: string,
  key: string,
  objectPath: string,
): Promise<BigIntStats> {
  const path = join(bucketFolder, key);
  try {
    await using folder = await holdFolder(bucketFolder, key, { makes: true });
    if (!folder) throw leadsOut(key);
    const mine = await placed(folder, basename(key), objectPath);
    if (mine) return mine;
    throw new Failure('PlatformUnavailable', `${path} was removed while it was uploaded`);
  } catch (error) {
    if (!existsSync(bucketFolder)) throw storageFailure(error, bucketFolder);
    if (IN_THE_WAY.includes(errorCode(error))) throw inTheWay(key, error);
    throw storageFailure(error, path);
  }
}

async function placed(
  folder: HeldFolder,
  name: string,
  objectPath: string,
): Promise<BigIntStats | undefined> {
  const temporary = folder.at(`.${randomUUID()}`);
  try {
    await copyFile(objectPath, temporary, constants.COPYFILE_FICLONE);
    await chmod(temporary, WRITABLE);
    const copied = await fileAt(temporary);
    await renameOver(temporary, folder.at(name));
    const shown = await fileAt(folder.at(name));
    // If another file has replaced it, that is a drop of its own.
    return shown?.ino === copied?.ino ? shown : copied;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

/** A bucket has no folders, so one that no file is left in stands in nobody's way. */
async function renameOver(temporary: string, path: string): Promise<void> {
  try {
    await rename(temporary, path);
  } catch (error) {
    if (errorCode(error) !== 'EISDIR' || !(await hasNoFiles(path))) throw error;
    await removeFolders(path);
    await rename(temporary, path);
  }
}

async function hasNoFiles(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.every((entry) => entry.isDirectory());
}

/** Fails with ENOTEMPTY where a file has come meanwhile, and removes none. */
async function removeFolders(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await removeFolders(join(folder, name));
  await rmdir(folder);
}

/** Removes an object's file from the bucket. Fails with `InputInvalid` when the key leads out of the bucket through a link. */
export async function hideFromBucket(bucketFolder: string, key: string): Promise<void> {
  const path = join(bucketFolder, key);
  try {
    await using folder = await holdFolder(bucketFolder, key, { makes: false });
    if (!folder) throw leadsOut(key);
    await unlink(folder.at(basename(key)));
  } catch (error) {
    // It is never made again: a missing one may be on a disk that is not mounted.
    if (!existsSync(bucketFolder)) throw storageFailure(error, bucketFolder);
    if (!isAbsence(error)) throw storageFailure(error, path);
  }
}

function leadsOut(key: string): Failure {
  return new Failure('InputInvalid', `${key} leads out of the bucket through a symbolic link`, {
    fix: 'Choose another key, or remove the link.',
  });
}

function inTheWay(key: string, cause: unknown): Failure {
  return new Failure('InputInvalid', `${key} conflicts with an existing folder or file`, {
    cause,
    fix: 'Choose a key that is not a folder, and whose folders are not objects.',
  });
}
