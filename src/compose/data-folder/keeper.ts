import { setTimeout as sleep } from 'node:timers/promises';
import { turns } from '#adapters/local/builds/turns.ts';
import type { Pace } from '#adapters/local/integrity/hashed-file.ts';
import { type BackedUp, backUp } from './backup.ts';
import type { DataFolder, Job } from './data-folder.ts';
import { type Pruned, prune } from './prune.ts';
import { type Scrubbed, scrub } from './scrub.ts';

/** Looks after the data folder of a Slipway that runs; its jobs follow each other. */
export type FolderKeeper = {
  scrub(): Job<Scrubbed>;
  prune(isDryRun: boolean): Job<Pruned>;
  backUp(to: string, options: { readonly isLinked: boolean }): Job<BackedUp>;
  /** The bytes of all objects, and of those that a prune would remove. */
  storage(): Promise<{ readonly objectBytes: number; readonly prunableBytes: number }>;
  stop(): Promise<void>;
};

type Options = {
  readonly folder: DataFolder;
  /** How many bytes a second the background scrub reads at most; 0 for no such scrub. */
  readonly bytesPerSecond: number;
  readonly onProblem: (error: unknown) => void;
};

const FIRST_MS = 60_000;
const AGAIN_MS = 24 * 60 * 60 * 1000;

export function folderKeeper({ folder, bytesPerSecond, onProblem }: Options): FolderKeeper {
  const inTurn = turns(1);
  const stopping = new AbortController();
  const { signal } = stopping;

  /** A job of which each step is asked for, and which nobody else's comes between. */
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

  // A large folder takes long: 8 MiB a second are 700 GB a day.
  const pace: Pace = (bytes) => sleep((1000 * bytes) / bytesPerSecond, undefined, { signal });

  async function scrubNowAndThen(): Promise<void> {
    for (let waitMs = FIRST_MS; ; waitMs = AGAIN_MS) {
      await sleep(waitMs, undefined, { signal, ref: false });
      for await (const line of scrub(folder, { pace, signal })) {
        if ('progress' in line) continue;
        for (const { reason, fix } of line.result.bad) onProblem(`${reason} → ${fix}`);
      }
    }
  }

  const scrubbing = bytesPerSecond > 0 ? scrubNowAndThen() : Promise.resolve();
  const ended = scrubbing.catch((error: unknown) => {
    if (!signal.aborted) onProblem(error);
  });

  return {
    scrub: () => alone(() => scrub(folder, { signal })),
    prune: (isDryRun) => alone(() => prune(folder, isDryRun)),
    backUp: (to, { isLinked }) => alone(() => backUp(folder, to, { isLinked, nowMs: Date.now() })),
    async storage() {
      for await (const line of prune(folder, true)) {
        if (!('result' in line)) continue;
        const { bytes, keptBytes } = line.result;
        return { objectBytes: bytes + keptBytes, prunableBytes: bytes };
      }
      return { objectBytes: 0, prunableBytes: 0 };
    },
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}
