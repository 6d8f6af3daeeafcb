import type { Timers } from '#adapters/local/concurrency/timers.ts';

/** So long (ms) no client's request is under way before others may be sent: a client that asks without a pause sends its next one sooner. */
const QUIET_MS = 1;

/** Where the counts have how many requests of clients are under way, and how often that has changed. */
const UNDER_WAY = 0;
const CHANGES = 1;

/** The requests of clients that are under way, and the moments in which there are none. */
export type Lull = {
  /** Counts in memory that another thread may have too; see `lullBeside`. */
  readonly counts: Int32Array<SharedArrayBuffer>;
  begin(): void;
  end(): void;
  /** Resolves once no client has had a request under way for a moment, and at the latest after `atMostMs`. */
  within(atMostMs: number): Promise<void>;
};

export function lull(timers: Timers): Lull {
  const waiting = new Set<() => void>();
  const counts = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  let endedMs = Number.NEGATIVE_INFINITY;
  let cancel = () => {};

  const change = (by: 1 | -1) => {
    Atomics.add(counts, UNDER_WAY, by);
    Atomics.add(counts, CHANGES, 1);
  };
  const isAsked = () => Atomics.load(counts, UNDER_WAY) > 0;

  /** Wakes all that wait at the end of the moment, unless a client comes before. */
  const settle = () => {
    cancel();
    if (waiting.size === 0 || isAsked()) return;
    cancel = timers.after(Math.max(0, endedMs + QUIET_MS - timers.nowMs()), () => {
      for (const wake of [...waiting]) wake();
    });
  };

  return {
    counts,
    begin() {
      change(1);
      cancel();
    },
    end() {
      change(-1);
      if (isAsked()) return;
      endedMs = timers.nowMs();
      settle();
    },
    async within(atMostMs) {
      const isQuiet = !isAsked() && timers.nowMs() - endedMs >= QUIET_MS;
      if (isQuiet || atMostMs <= 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      const late = timers.after(atMostMs, resolve);
      settle();
      await promise;
      late();
      waiting.delete(resolve);
    },
  };
}

/**
 * `within` of a lull in another thread. That one is asked only where its counts say that a client has asked since this was called last, or that one may have asked a moment ago.
 */
export function lullBeside(
  { counts, within }: Pick<Lull, 'counts' | 'within'>,
  nowMs: () => number,
): Lull['within'] {
  let seen = Atomics.load(counts, CHANGES);
  let seenMs = nowMs();
  return async (atMostMs) => {
    const changes = Atomics.load(counts, CHANGES);
    if (changes !== seen) {
      seen = changes;
      seenMs = nowMs();
    }
    const isQuiet = Atomics.load(counts, UNDER_WAY) === 0 && nowMs() - seenMs >= QUIET_MS;
    if (!isQuiet) await within(atMostMs);
  };
}
