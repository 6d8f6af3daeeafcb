import { accessSync, constants, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '#adapters/local/files/file-state.ts';
import { Failure } from '#domain/failure.ts';
import { damagedRegistry, resultCode, SQLITE_CORRUPT } from './database.ts';
import { storageFailure } from './storage-failure.ts';

const ANOTHER = 'Or name another folder: --data DIR.';
// A new registry with its log takes about 200 KiB.
const PROBE_BYTES = 256 * 1024;
const DATABASE_FILE = /^(lock|registry\.db)(-|$)/;
// These say more of the path that was asked for than of the disk.
const OF_THE_PATH: readonly string[] = ['ENOENT', 'ENOTDIR'];

/**
 * Why Slipway's data cannot be kept in a folder, by what befell the first who tried: what of the disk is at fault, and what to do.
 * An error of anything else is answered as it is.
 */
export function dataFolderFailure(error: unknown, dataDir: string): unknown {
  const cause = error instanceof Failure && error.name === 'StorageFull' ? error.cause : error;
  if (isOfDisk(cause)) return orElsewhere(storageFailure(cause, pathOf(cause) ?? dataDir));
  if (isOfDatabase(cause) && (resultCode(cause) & 0xff) === SQLITE_CORRUPT) {
    return damagedRegistry(cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (!isOfDatabase(cause)) {
    return pathOf(cause)?.startsWith(dataDir) ? unusableFolder(cause, dataDir) : error;
  }
  // SQLite reports a full or read-only disk, or a file of another user, in many ways, and each can mean something else; a write of a file does not.
  const denied = deniedFile(dataDir);
  if (denied) return orElsewhere(storageFailure(denied, pathOf(denied) ?? dataDir));
  const problem = writeProblem(dataDir);
  return isOfDisk(problem)
    ? orElsewhere(storageFailure(problem, dataDir))
    : unusableFolder(cause, dataDir);
}

/** The folder is refused, for a reason of which no more is known. */
export function unusableFolder(cause: unknown, dataDir: string): Failure {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Failure('InputInvalid', `${dataDir} cannot hold Slipway's data: ${reason}`, {
    cause,
    fix: 'Name another folder: --data DIR.',
  });
}

function orElsewhere(failure: unknown): unknown {
  if (!(failure instanceof Failure)) return failure;
  const { name, message, cause, fix } = failure;
  return new Failure(name, message, { cause, fix: `${fix} ${ANOTHER}` });
}

function isOfDisk(error: unknown): boolean {
  return !OF_THE_PATH.includes(errorCode(error)) && storageFailure(error, '') !== error;
}

function isOfDatabase(error: unknown): boolean {
  return errorCode(error) === 'ERR_SQLITE_ERROR';
}

function pathOf(error: unknown): string | undefined {
  return error instanceof Error && 'path' in error ? String(error.path) : undefined;
}

/** The error of the first file of a database here that this user may not open, as after a start as root; undefined if there is none. */
function deniedFile(dataDir: string): unknown {
  const names = readdirSync(dataDir).filter((name) => DATABASE_FILE.test(name));
  for (const name of names) {
    try {
      accessSync(join(dataDir, name), constants.R_OK | constants.W_OK);
    } catch (error) {
      if (errorCode(error) === 'EACCES') return error;
    }
  }
  return undefined;
}

/** The failure of a write that a start needs; undefined where it succeeds. */
function writeProblem(dataDir: string): unknown {
  const path = join(dataDir, `.slipway-probe-${process.pid}`);
  try {
    writeFileSync(path, Buffer.alloc(PROBE_BYTES), { flush: true });
    return undefined;
  } catch (error) {
    return error;
  } finally {
    rmSync(path, { force: true });
  }
}
