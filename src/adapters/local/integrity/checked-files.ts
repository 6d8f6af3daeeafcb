import { statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { errorCode } from '#adapters/local/files/file-state.ts';
import {
  type FileState,
  type HashedFile,
  hashedFile,
  isSame,
  type Pace,
  stateOf,
} from './hashed-file.ts';

/** Knows which files have been read and found to have the bytes they are named for. */
export type CheckedFiles = {
  /**
   * Why the file at `path` does not have these bytes, as a predicate; undefined when it does.
   * Reads the file once, and again after anybody has written to it. Fails with the file system's error when it cannot be read.
   */
  problem(path: string, sha256: string): Promise<string | undefined>;
  /** The same from the disk, whatever is known. */
  reread(path: string, sha256: string, pace?: Pace): Promise<string | undefined>;
  /** Takes the caller's word, who has just written the file. */
  trust(path: string, sha256: string): Promise<void>;
  /** Call it before the files are given other names, or lose some, and dispose of the result afterwards: the system notes that as a change, but the bytes stay. */
  renaming(paths: readonly string[]): Disposable;
};

export const GONE = 'is gone';
export const OTHER_BYTES = 'has other bytes than it was stored with';

const ABSENT = ['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR'];
// The disk cannot give the bytes back.
const UNREADABLE = 'cannot be read: its disk reports an error';

type Known = { readonly state: FileState; readonly sha256: string };

/**
 * Remembers files in memory by device, inode, size and both times, so a restart reads each file again.
 * The time of the last change (ctime) is the system's own: no program can set it, so a write cannot be hidden from it.
 * Bytes that rot below the file system change none of these; only `reread` finds them.
 */
export function checkedFiles(): CheckedFiles {
  const known = new Map<string, Known>();

  const reread = (path: string, sha256: string, pace?: Pace) =>
    fileProblem(path, sha256, {
      ...(pace && { pace }),
      onRead: (found) => known.set(found.state.file, found),
    });

  const current = async (path: string) => stateOf(await stat(path, { bigint: true }));

  return {
    reread,
    async problem(path, sha256) {
      const now = await current(path).catch(() => undefined);
      const last = now && known.get(now.file);
      if (!last || !isSame(last.state, now)) return reread(path, sha256);
      return last.sha256 === sha256 ? undefined : OTHER_BYTES;
    },
    async trust(path, sha256) {
      const state = await current(path);
      known.set(state.file, { state, sha256 });
    },
    renaming(paths) {
      const kept = paths.flatMap((path) => {
        const before = stateIf(path);
        const last = before && known.get(before.file);
        return last && isSame(last.state, before) ? [{ path, last }] : [];
      });
      return {
        [Symbol.dispose]() {
          for (const { path, last } of kept) {
            const state = stateIf(path);
            const isIt = state?.file === last.state.file && state.content === last.state.content;
            if (isIt) known.set(state.file, { ...last, state });
          }
        },
      };
    },
  };
}

/** The same as `reread`, of a file that nobody remembers. `onRead` is told what was read. Fails with whatever `pace` fails with. */
export async function fileProblem(
  path: string,
  sha256: string,
  { pace, onRead }: { readonly pace?: Pace; readonly onRead?: (found: HashedFile) => void } = {},
): Promise<string | undefined> {
  try {
    const found = await hashedFile(path, pace ? { pace } : {});
    onRead?.(found);
    return found.sha256 === sha256 ? undefined : OTHER_BYTES;
  } catch (error) {
    return unreadable(error);
  }
}

function stateIf(path: string): FileState | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && stateOf(stats);
}

function unreadable(error: unknown): string {
  const code = errorCode(error);
  if (ABSENT.includes(code)) return GONE;
  if (code === 'EIO') return UNREADABLE;
  if (code === 'EAGAIN') return 'is being written to';
  throw error;
}
