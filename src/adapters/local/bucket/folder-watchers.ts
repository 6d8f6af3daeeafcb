import { isUtf8 } from 'node:buffer';
import { type BigIntStats, type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '#adapters/local/files/file-state.ts';
import { Failure } from '#domain/failure.ts';

/** One watcher per folder of a tree, by its path in the tree; `''` is the root. */
export type FolderWatchers = {
  /**
   * Watches a folder; starts over if another folder has taken its place.
   * Throws the file system's error if the folder is gone or may not be read: reading it would fail in the same way.
   */
  add(key: string, folder: BigIntStats): void;
  /** Stops watching a folder and all below it; returns whether it was watched. */
  remove(key: string): boolean;
  close(): void;
};

type Options = {
  readonly root: string;
  /** `isWrite`: the file's content was written, rather than a file created, renamed or deleted. */
  readonly onChange: (key: string, isWrite: boolean) => void;
  readonly onProblem: (failure: Failure) => void;
};

// Reading the folder fails with these too; any other error is of the watching itself, such as a limit of inotify.
const UNREADABLE: readonly string[] = ['EACCES', 'EPERM', 'ENOENT', 'ENOTDIR'];

type Watched = { readonly watcher: FSWatcher; readonly identity: string };

/**
 * On Linux, Node's recursive watch watches each file and misses a rename over another file, so each folder has a watcher here.
 * A folder that cannot be watched is reported once.
 */
export function folderWatchers({ root, onChange, onProblem }: Options): FolderWatchers {
  const watched = new Map<string, Watched>();
  let isTold = false;

  function open(key: string): FSWatcher {
    const watcher = watch(join(root, key), { encoding: 'buffer' }, (type, name) =>
      name !== null && isUtf8(name)
        ? onChange(join(key, name.toString()), type === 'change')
        : onChange(key, false),
    );
    // A folder removed while it is watched; its absence is noticed elsewhere.
    return watcher.on('error', () => remove(key));
  }

  function remove(key: string): boolean {
    const wasWatched = watched.has(key);
    for (const [other, { watcher }] of watched) {
      if (other !== key && !other.startsWith(`${key}/`)) continue;
      watcher.close();
      watched.delete(other);
    }
    return wasWatched;
  }

  return {
    add(key, { ino, birthtimeNs }) {
      const identity = `${ino}:${birthtimeNs}`;
      const before = watched.get(key);
      if (before?.identity === identity) return;
      before?.watcher.close();
      try {
        watched.set(key, { watcher: open(key), identity });
      } catch (cause) {
        watched.delete(key);
        if (UNREADABLE.includes(errorCode(cause))) throw cause;
        if (!isTold) onProblem(unwatched(join(root, key), cause));
        isTold = true;
      }
    },
    remove,
    close: () => {
      for (const { watcher } of watched.values()) watcher.close();
      watched.clear();
    },
  };
}

function unwatched(path: string, cause: unknown): Failure {
  return new Failure('PlatformUnavailable', `${path} cannot be watched, so drops take seconds`, {
    cause,
    fix: 'On Linux, raise fs.inotify.max_user_watches and fs.inotify.max_user_instances.',
  });
}
