import { errorCode } from '#adapters/local/files/file-state.ts';
import { Failure, type FailureName } from '#domain/failure.ts';

const FAILURES: Readonly<Record<string, readonly [FailureName, reason: string, fix: string]>> = {
  ENOSPC: ['StorageFull', 'its disk is full', 'Free some space on it.'],
  EDQUOT: ['StorageFull', 'its disk quota is used up', 'Free some space, or raise the quota.'],
  EACCES: ['PlatformDenied', 'access is denied', 'Give the user that runs Slipway access to it.'],
  EPERM: ['PlatformDenied', 'access is denied', 'Give the user that runs Slipway access to it.'],
  EROFS: ['PlatformDenied', 'its file system is read-only', 'Mount it for writing.'],
  ENOENT: ['PlatformUnavailable', 'it is gone', 'Put it back; what was recorded is safe.'],
  ENOTDIR: ['PlatformUnavailable', 'it is gone', 'Put it back; what was recorded is safe.'],
  EIO: ['PlatformUnavailable', 'its disk reports an error', 'Look at the disk.'],
  EMFILE: ['PlatformUnavailable', 'too many files are open', 'Raise `ulimit -n`.'],
  ENFILE: ['PlatformUnavailable', 'too many files are open', 'Raise `fs.file-max`.'],
};

/** Translates a file system error at `path` to its failure; other errors are returned unchanged. */
export function storageFailure(cause: unknown, path: string): unknown {
  const failure = FAILURES[errorCode(cause)];
  if (!failure) return cause;
  const [name, reason, fix] = failure;
  return new Failure(name, `${path}: ${reason}`, { cause, fix });
}
