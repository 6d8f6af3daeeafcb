import { mkdir, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { FileState } from '#adapters/local/bucket/settling.ts';
import { type BucketWatch, bucketWatch } from '#adapters/local/bucket/watch.ts';
import { realTimers } from '#adapters/local/concurrency/timers.ts';
import { hasSameContent } from '#adapters/local/files/file-state.ts';
import { problems } from '#adapters/local/problems.ts';
import type { Failure } from '#domain/failure.ts';
import { eventually } from '../clock/eventually.ts';
import { fakeClock } from '../clock/fake-clock.ts';

export type WatchedFolder = {
  readonly root: string;
  readonly watch: BucketWatch;
  readonly due: readonly { readonly key: string; readonly file: FileState }[];
  readonly told: readonly Failure[];
  path(key: string): string;
  outside(name: string): string;
  dueKeys(): readonly string[];
  /** Resolves once a key was due. */
  isDue(key: string): Promise<unknown>;
  /** Resolves once a key was due without a file. */
  isGone(key: string): Promise<unknown>;
  /** Renames a file in that was written long ago. */
  moveIn(key: string, content?: string): Promise<void>;
  close(): Promise<void>;
};

// Nothing is found by a scan that is not asked for.
const HOUR_MS = 3_600_000;
const LONG_AGO = new Date('2020-01-01');

/** A bucket folder with a watch that knows each state from the moment it is due, or never. */
export async function watchedFolder({
  rescanMs = HOUR_MS,
  knows = true,
  timers = realTimers,
} = {}): Promise<WatchedFolder> {
  const base = await mkdtemp(join(tmpdir(), 'slipway-watch-'));
  const root = join(base, 'bucket');
  const told: Failure[] = [];
  const due: { key: string; file: FileState }[] = [];
  const known = new Map<string, FileState>();
  await mkdir(join(root, 'models/a'), { recursive: true });

  const path = (key: string) => join(root, key);
  const outside = (name: string) => join(base, name);
  const dueKeys = () => due.map(({ key }) => key);
  const watch = bucketWatch({
    root,
    rescanMs,
    timers,
    problems: problems((failure) => told.push(failure), fakeClock(0)),
    keys: () => [...known.keys()].filter((key) => known.get(key)),
    isKnown: (key, file) =>
      file?.isDirectory() ? !known.get(key) : hasSameContent(known.get(key), file),
    onDue(key, file) {
      if (knows) known.set(key, file);
      due.push({ key, file });
    },
  });

  return {
    root,
    watch,
    due,
    told,
    path,
    outside,
    dueKeys,
    isDue: (key) => eventually(() => dueKeys().includes(key)),
    isGone: (gone) => eventually(() => due.some(({ key, file }) => key === gone && !file)),
    async moveIn(key, content = 'weights') {
      await writeFile(outside('file'), content);
      await utimes(outside('file'), LONG_AGO, LONG_AGO);
      await mkdir(dirname(path(key)), { recursive: true });
      await rename(outside('file'), path(key));
    },
    async close() {
      watch.close();
      await rm(base, { recursive: true, force: true });
    },
  };
}
