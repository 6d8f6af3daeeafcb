import { randomUUID } from 'node:crypto';
import { type BigIntStats, constants, existsSync } from 'node:fs';
import { chmod, copyFile, lstat, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises';
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
 * A folder at the key's path makes room for it where no file is left in it, and `isOwnFolder` says of it and all in it that objects have made them.
 * Fails with `InputInvalid` when another folder has the key's path, or a link leads out of the bucket.
 */
export async function showInBucket(
  bucketFolder: string,
  key: string,
  objectPath: string,
  isOwnFolder: (folder: string) => boolean,
): Promise<BigIntStats> {
  const path = join(bucketFolder, key);
  try {
    await using folder = await holdFolder(bucketFolder, key, { makes: true });
    if (!folder) throw leadsOut(key);
    const mine = await placed(folder, key, objectPath, isOwnFolder);
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
  key: string,
  objectPath: string,
  isOwnFolder: (folder: string) => boolean,
): Promise<BigIntStats | undefined> {
  const name = basename(key);
  const temporary = folder.at(`.${randomUUID()}`);
  try {
    await copyFile(objectPath, temporary, constants.COPYFILE_FICLONE);
    await chmod(temporary, WRITABLE);
    const copied = await fileAt(temporary);
    await rename(temporary, folder.at(name)).catch(async (error: unknown) => {
      const path = folder.at(name);
      if (errorCode(error) !== 'EISDIR' || !(await isLeft(path, key, isOwnFolder))) throw error;
      await removeFolders(path);
      await rename(temporary, path);
    });
    const shown = await fileAt(folder.at(name));
    // If another file has replaced it, that is a drop of its own.
    return shown?.ino === copied?.ino ? shown : copied;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

// The name that a file of the bucket has until its bytes are whole.
const COPY = /^\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Removes the copies that an earlier process was writing into the bucket when it was killed; those of this process stay. */
export async function removeLeftCopies(bucketFolder: string): Promise<void> {
  const entries = await readdir(bucketFolder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((each) => each.isFile() && COPY.test(each.name))) {
    const path = join(entry.parentPath, entry.name);
    const found = await lstat(path).catch(() => undefined);
    if (found && found.mtimeMs < performance.timeOrigin) await rm(path, { force: true });
  }
}

/** A bucket has no folders, so one that objects have made and left stands in nobody's way. */
async function isLeft(
  path: string,
  key: string,
  isOwnFolder: (folder: string) => boolean,
): Promise<boolean> {
  if (!isOwnFolder(key)) return false;
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (!entry.isDirectory()) return false;
    if (!(await isLeft(join(path, entry.name), join(key, entry.name), isOwnFolder))) return false;
  }
  return true;
}

/** Fails with ENOTEMPTY where a file has come meanwhile, and removes none. */
async function removeFolders(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await removeFolders(join(folder, name));
  await rmdir(folder);
}

/** Removes an object's file from the bucket, and leaves a file that `isObject` says is none. Fails with `InputInvalid` when the key leads out of the bucket through a link. */
export async function hideFromBucket(
  bucketFolder: string,
  key: string,
  isObject: (file: BigIntStats) => boolean,
): Promise<void> {
  const path = join(bucketFolder, key);
  try {
    await using folder = await holdFolder(bucketFolder, key, { makes: false });
    if (!folder) throw leadsOut(key);
    const path = folder.at(basename(key));
    const file = await fileAt(path);
    // A bucket has no folders: one at the key's path is no object.
    if (file && !file.isDirectory() && isObject(file)) await unlink(path);
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
