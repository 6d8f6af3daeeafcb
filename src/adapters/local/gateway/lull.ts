import type { Timers } from '#adapters/local/concurrency/timers.ts';

/** So long (ms) no client's request is under way before others may be sent: a client that asks without a pause sends its next one sooner. */
const QUIET_MS = 1;

/** The requests of clients that are under way, and the moments in which there are none. */
export type Lull = {
  begin(): void;
  end(): void;
  /** Resolves once no client has had a request under way for a moment, and at the latest after `atMostMs`. */
  within(atMostMs: number): Promise<void>;
};

export function lull(timers: Timers): Lull {
  const waiting = new Set<() => void>();
  let underWay = 0;
  let endedMs = Number.NEGATIVE_INFINITY;
  let cancel = () => {};

  /** Wakes all that wait at the end of the moment, unless a client comes before. */
  const settle = () => {
    cancel();
    if (waiting.size === 0 || underWay > 0) return;
    cancel = timers.after(Math.max(0, endedMs + QUIET_MS - timers.nowMs()), () => {
      for (const wake of [...waiting]) wake();
    });
  };

  return {
    begin() {
      underWay += 1;
      cancel();
    },
    end() {
      underWay -= 1;
      if (underWay > 0) return;
      endedMs = timers.nowMs();
      settle();
    },
    async within(atMostMs) {
      const isQuiet = underWay === 0 && timers.nowMs() - endedMs >= QUIET_MS;
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
