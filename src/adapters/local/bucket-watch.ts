import { isUtf8 } from 'node:buffer';
import type { BigIntStats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '#domain/failure.ts';
import { isUnfinishedName } from './bucket-key.ts';
import { fileAt, hasSameContent, isAbsence } from './file-state.ts';
import { type FolderWatchers, folderWatchers } from './folder-watchers.ts';
import type { Problems } from './problems.ts';
import { storageFailure } from './storage-failure.ts';

/** What is at a key's path, a folder or link too; undefined when nothing is. */
export type FileState = BigIntStats | undefined;

export type BucketWatch = {
  /** Scans, and from then on tells of each change; scans again every five seconds, for what no event told of and what could not be stored. */
  start(): Promise<void>;
  /** Looks at every file, and at every key that should have one. */
  scan(): Promise<void>;
  look(key: string): Promise<void>;
  close(): void;
};

type Options = {
  readonly root: string;
  readonly problems: Problems;
  /** The keys that had a file when last seen. */
  readonly keys: () => readonly string[];
  /** Whether this state of a key was dealt with, so that nothing is due. */
  readonly isKnown: (key: string, file: FileState) => boolean;
  /** Called at once for a file that was renamed in, else when the state was unchanged for 200 ms. */
  readonly onDue: (key: string, file: FileState) => void;
};

type Watch = Options & {
  readonly watchers: FolderWatchers;
  readonly settling: Map<string, { readonly file: FileState; readonly timer: NodeJS.Timeout }>;
  isWatching: boolean;
  isClosed: boolean;
};

const QUIET_MS = 200;
const RESCAN_MS = 5000;

export function bucketWatch(options: Options): BucketWatch {
  const watchers = folderWatchers({
    root: options.root,
    onChange: (key) => look(watch, key),
    onProblem: (failure) => options.problems.report(failure, ''),
  });
  const settling: Watch['settling'] = new Map();
  const watch: Watch = { ...options, watchers, settling, isWatching: false, isClosed: false };
  let rescan: NodeJS.Timeout | undefined;

  async function scanAndAgain(): Promise<void> {
    await scan(watch);
    if (!watch.isClosed) rescan = setTimeout(scanAndAgain, RESCAN_MS);
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
      for (const { timer } of settling.values()) clearTimeout(timer);
      watchers.close();
    },
  };
}

async function scan(watch: Watch): Promise<void> {
  await look(watch, '');
  for (const key of watch.keys()) await look(watch, key);
}

async function look(watch: Watch, key: string): Promise<void> {
  if (watch.isClosed || key.split('/').some(isUnfinishedName)) return;
  try {
    const file = await stateOf(watch, key);
    if (watch.isClosed) return;
    if (key !== '') consider(watch, key, file);
    if (file?.isDirectory()) await walk(watch, key, file);
    else if (watch.watchers.remove(key)) await lookBelow(watch, key);
  } catch (error) {
    // What went away under the walk is looked at again by its own event.
    if (key !== '' && isAbsence(error)) return;
    watch.problems.report(storageFailure(error, join(watch.root, key)), key);
  }
}

// The bucket folder itself may be a link, to another disk for instance.
function stateOf({ root }: Watch, key: string): Promise<FileState> {
  return key === '' ? stat(root, { bigint: true }) : fileAt(join(root, key));
}

async function walk(watch: Watch, folder: string, state: BigIntStats): Promise<void> {
  // First watched, then read: what comes in between is seen twice, and nothing is missed.
  if (watch.isWatching) watch.watchers.add(folder, state);
  const names = await readdir(join(watch.root, folder), { encoding: 'buffer' });
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

function consider(watch: Watch, key: string, file: FileState): void {
  const before = watch.settling.get(key);
  if (watch.isKnown(key, file)) {
    clearTimeout(before?.timer);
    watch.settling.delete(key);
  } else if (wasRenamedIn(file) && before?.file?.ino !== file?.ino) {
    due(watch, key, file);
  } else if (!before || !hasSameContent(before.file, file)) {
    clearTimeout(before?.timer);
    const timer = setTimeout(() => recheck(watch, key), QUIET_MS);
    watch.settling.set(key, { file, timer });
  }
}

async function recheck(watch: Watch, key: string): Promise<void> {
  const before = watch.settling.get(key)?.file;
  const file = await fileAt(join(watch.root, key));
  if (watch.isClosed) return;
  if (hasSameContent(before, file)) due(watch, key, file);
  else consider(watch, key, file);
}

function due(watch: Watch, key: string, file: FileState): void {
  clearTimeout(watch.settling.get(key)?.timer);
  watch.settling.delete(key);
  watch.onDue(key, file);
}

// A write sets both times, a rename or link the changed time alone.
function wasRenamedIn(file: FileState): boolean {
  return file?.isFile() === true && file.size > 0n && file.ctimeNs > file.mtimeNs;
}

function unreadableName(key: string): Failure {
  return new Failure('InputInvalid', `the name of ${key} is not valid UTF-8`, {
    fix: 'Rename it; until then it is not taken.',
  });
}
