import { isUtf8 } from 'node:buffer';
import { type BigIntStats, constants } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type FileState, type Settling, settling } from '#adapters/local/bucket/settling.ts';
import type { Timers } from '#adapters/local/concurrency/timers.ts';
import { isAbsence } from '#adapters/local/files/file-state.ts';
import type { Problems } from '#adapters/local/problems.ts';
import { storageFailure } from '#adapters/local/registry/storage-failure.ts';
import { Failure } from '#domain/failure.ts';
import { type FolderWatchers, folderWatchers } from './folder-watchers.ts';
import { fileOfKey } from './held-folder.ts';
import { isUnfinishedName } from './key.ts';

export type BucketWatch = {
  /** Scans, then reports each change; rescans every `rescanMs` for missed events and files that could not be stored. */
  start(): Promise<void>;
  /** Looks at every file, and at every key that should have a file. */
  scan(): Promise<void>;
  look(key: string): Promise<void>;
  close(): void;
};

type Options = {
  readonly root: string;
  readonly problems: Problems;
  readonly rescanMs: number;
  /** The keys that had a file when last seen. */
  readonly keys: () => readonly string[];
  /** Whether this state of a key has been handled, so that nothing is due. */
  readonly isKnown: (key: string, file: FileState) => boolean;
  /** Called when a change has settled: at once for a file that was renamed in, else after 200 ms. */
  readonly onDue: (key: string, file: FileState) => void;
  /** The timers by which a change settles. */
  readonly timers?: Timers;
};

type Watch = Options & {
  readonly watchers: FolderWatchers;
  readonly changes: Settling;
  isWatching: boolean;
  isClosed: boolean;
};

export function bucketWatch(options: Options): BucketWatch {
  const changes = settling({
    ...options,
    lookAgain: (key, use) => attempt(watch, key, async () => observe(watch, key, use)),
  });
  const watchers = folderWatchers({
    root: options.root,
    // Writing one file makes thousands of events.
    onChange: (key, isWrite) => (isWrite && changes.noteWrite(key)) || look(watch, key),
    onProblem: (failure) => options.problems.report(failure, ''),
  });
  const watch: Watch = { ...options, watchers, changes, isWatching: false, isClosed: false };
  let rescan: NodeJS.Timeout | undefined;

  async function scanAndAgain(): Promise<void> {
    await scan(watch);
    if (!watch.isClosed) rescan = setTimeout(scanAndAgain, options.rescanMs);
  }

  return {
    start() {
      watch.isWatching = true;
      return scanAndAgain();
    },
    scan: () => scan(watch),
    look: (key) => look(watch, key),
    close() {
      watch.isClosed = true;
      clearTimeout(rescan);
      changes.close();
      watchers.close();
    },
  };
}

function scan(watch: Watch): Promise<void> {
  return attempt(watch, '', async () => {
    // A bucket that cannot be read says nothing about its files.
    await lookAt(watch, '');
    if (watch.isClosed) return;
    for (const key of watch.keys()) await look(watch, key);
  });
}

function look(watch: Watch, key: string): Promise<void> {
  return attempt(watch, key, () => lookAt(watch, key));
}

async function lookAt(watch: Watch, key: string): Promise<void> {
  if (key.split('/').some(isUnfinishedName)) return;
  await observe(watch, key, async (file) => {
    if (key !== '') watch.changes.see(key, file);
    if (file?.isDirectory()) await walk(watch, key, file);
    else if (watch.watchers.remove(key)) await lookBelow(watch, key);
  });
}

async function observe(
  watch: Watch,
  key: string,
  use: (file: FileState) => void | Promise<void>,
): Promise<void> {
  const path = join(watch.root, key);
  // The bucket folder itself may be a link, for example to another disk.
  const file = key === '' ? await stat(path, { bigint: true }) : await fileOfKey(watch.root, key);
  if (!watch.isClosed) await use(file);
}

async function attempt(watch: Watch, key: string, work: () => Promise<void>): Promise<void> {
  try {
    if (!watch.isClosed) await work();
  } catch (error) {
    // A file that disappears during the walk has an event of its own.
    const isNews = key === '' || !isAbsence(error);
    if (watch.isClosed || !isNews) return;
    const subject = (await closedFolder(watch.root, key)) ?? key;
    watch.problems.report(storageFailure(error, join(watch.root, subject)), subject);
  }
}

/** The topmost folder on the way to a key that may not be read: its problem is that of all that is in it. */
async function closedFolder(root: string, key: string): Promise<string | undefined> {
  const names = key.split('/');
  for (let depth = 0; depth < names.length; depth += 1) {
    const folder = names.slice(0, depth).join('/');
    const error = await readable(join(root, folder)).then(undefined, (reason) => reason);
    if (error && !isAbsence(error)) return folder;
  }
  return undefined;
}

// Without the right to search it, a folder shows the names of its files, and each of them would be refused.
async function readable(folder: string): Promise<void> {
  await access(folder, constants.R_OK | constants.X_OK);
}

async function walk(watch: Watch, folder: string, state: BigIntStats): Promise<void> {
  // Watch first, then read: a file that arrives in between is seen twice rather than missed.
  if (watch.isWatching) watch.watchers.add(folder, state);
  const path = join(watch.root, folder);
  await readable(path);
  const names = await readdir(path, { encoding: 'buffer' });
  watch.problems.clear(folder);
  for (const name of names) {
    const key = join(folder, name.toString());
    if (isUtf8(name)) await look(watch, key);
    else watch.problems.report(unreadableName(key), key);
  }
}

async function lookBelow(watch: Watch, folder: string): Promise<void> {
  const below = watch.keys().filter((key) => key.startsWith(`${folder}/`));
  for (const key of below) await look(watch, key);
}

function unreadableName(key: string): Failure {
  return new Failure('InputInvalid', `the name of ${key} is not valid UTF-8`, {
    fix: 'Rename it; until then it is not accepted.',
  });
}
