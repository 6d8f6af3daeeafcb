import { randomUUID } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { chmod, copyFile, mkdir, realpath, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode, fileAt, isAbsence } from '#adapters/local/registry/file-state.ts';
import { storageFailure } from '#adapters/local/registry/storage-failure.ts';
import { Failure } from '#domain/failure.ts';

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
  const temporary = join(dirname(path), `.${randomUUID()}`);
  try {
    const bucket = await realBucket(bucketFolder);
    await mkdir(dirname(path), { recursive: true });
    await requireInside(bucket, key);
    await copyFile(objectPath, temporary, constants.COPYFILE_FICLONE);
    await chmod(temporary, WRITABLE);
    const copied = await fileAt(temporary);
    await rename(temporary, path);
    const shown = await fileAt(path);
    // If another file has replaced it, that is a drop of its own.
    const mine = shown?.ino === copied?.ino ? shown : copied;
    if (mine) return mine;
    throw new Failure('PlatformUnavailable', `${path} was removed while it was uploaded`);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    if (IN_THE_WAY.includes(errorCode(error))) throw inTheWay(key, error);
    throw storageFailure(error, path);
  }
}

/** Removes an object's file from the bucket. Fails with `InputInvalid` when the key leads out of the bucket through a link. */
export async function hideFromBucket(bucketFolder: string, key: string): Promise<void> {
  const path = join(bucketFolder, key);
  try {
    await requireInside(await realBucket(bucketFolder), key);
    await unlink(path);
  } catch (error) {
    if (!isAbsence(error)) throw storageFailure(error, path);
  }
}

/** The bucket folder may itself be a link, and is never recreated: a missing one may be on an unmounted disk. */
function realBucket(bucketFolder: string): Promise<string> {
  return realpath(bucketFolder).catch((error: unknown) => {
    throw storageFailure(error, bucketFolder);
  });
}

async function requireInside(bucket: string, key: string): Promise<void> {
  const folder = join(bucket, dirname(key));
  if ((await realpath(folder)) === folder) return;
  throw new Failure('InputInvalid', `${key} leads out of the bucket through a symbolic link`, {
    fix: 'Choose another key, or remove the link.',
  });
}

function inTheWay(key: string, cause: unknown): Failure {
  return new Failure('InputInvalid', `${key} conflicts with an existing folder or file`, {
    cause,
    fix: 'Choose a key that is not a folder, and whose folders are not objects.',
  });
}
