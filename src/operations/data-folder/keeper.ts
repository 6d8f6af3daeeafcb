import { setTimeout as sleep } from 'node:timers/promises';
import { turns } from '#adapters/local/concurrency/turns.ts';
import type { Pace } from '#adapters/local/integrity/hashed-file.ts';
import type { BackedUp, Pruned, Scrubbed, Storage } from '#control/data-folder.ts';
import { backUp } from './backup.ts';
import type { DataFolder, Job } from './data-folder.ts';
import { prune } from './prune.ts';
import { scrub } from './scrub.ts';
import { keptFigure } from './storage-figure.ts';

/** Maintains the data folder of a running Slipway; its jobs run one after the other. */
export type FolderKeeper = {
  scrub(): Job<Scrubbed>;
  prune(isDryRun: boolean): Job<Pruned>;
  backUp(to: string, options: { readonly isLinked: boolean }): Job<BackedUp>;
  /** The objects, and those that a prune would remove, as counted within the last ten minutes or so. */
  storage(): Promise<Storage>;
  stop(): Promise<void>;
};

type Options = {
  readonly folder: DataFolder;
  /** The most bytes a second that the background scrub reads; 0 for no such scrub. */
  readonly bytesPerSecond: number;
  readonly onProblem: (error: unknown) => void;
  /** Resolves after this many milliseconds, or rejects when the signal aborts. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
};

const wait = (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal, ref: false });

const FIRST_MS = 60_000;
const AGAIN_MS = 24 * 60 * 60 * 1000;

export function folderKeeper(options: Options): FolderKeeper {
  const { folder, bytesPerSecond, onProblem, wait: waited = wait } = options;
  const inTurn = turns(1);
  const storage = keptFigure(() => counted(folder));
  const stopping = new AbortController();
  const { signal } = stopping;

  /** A job whose steps are requested one by one, and which no other job interrupts. */
  async function* alone<Result>(job: () => Job<Result>): Job<Result> {
    const begun = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const turn = inTurn('job', () => {
      begun.resolve();
      return ended.promise;
    });
    try {
      await begun.promise;
      yield* job();
    } finally {
      ended.resolve();
      await turn;
    }
  }

  async function* prunedAndForgotten(isDryRun: boolean): Job<Pruned> {
    try {
      yield* prune(folder, isDryRun);
    } finally {
      storage.forget();
    }
  }

  // A large folder takes long: 8 MiB a second are 700 GB a day.
  const pace: Pace = (bytes) => waited((1000 * bytes) / bytesPerSecond, signal);
  const tell = (error: unknown) => {
    if (!signal.aborted) onProblem(error);
  };

  async function scrubInBackground(): Promise<void> {
    for await (const line of scrub(folder, { pace, signal })) {
      if ('progress' in line) continue;
      for (const { reason, fix } of line.result.bad) onProblem(`${reason} → ${fix}`);
    }
  }

  async function scrubNowAndThen(): Promise<void> {
    for (let waitMs = FIRST_MS; ; waitMs = AGAIN_MS) {
      await waited(waitMs, signal);
      // Errors that interrupt a scrub, such as a locked registry, are temporary.
      await scrubInBackground().catch(tell);
    }
  }

  const scrubbing = bytesPerSecond > 0 ? scrubNowAndThen() : Promise.resolve();
  const ended = scrubbing.catch(tell);

  return {
    scrub: () => alone(() => scrub(folder, { signal })),
    prune: (isDryRun) => alone(() => prunedAndForgotten(isDryRun)),
    backUp: (to, { isLinked }) => alone(() => backUp(folder, to, { isLinked, nowMs: Date.now() })),
    storage: storage.figure,
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

async function counted(folder: DataFolder): Promise<Storage> {
  for await (const line of prune(folder, true)) {
    if (!('result' in line)) continue;
    const { objects, bytes, keptObjects, keptBytes } = line.result;
    return {
      objects: objects + keptObjects,
      objectBytes: bytes + keptBytes,
      prunableBytes: bytes,
    };
  }
  return { objects: 0, objectBytes: 0, prunableBytes: 0 };
}
