import type { Timers } from '#adapters/local/concurrency/timers.ts';

export type FakeTimers = Timers & {
  /** The time left until each task, the soonest first, in milliseconds. */
  leftMs(): readonly number[];
  /** How often `after` was called so far. */
  calls(): number;
  /** Advances by so much, and runs the tasks that fall due on the way, in their order. */
  advance(ms: number): void;
};

type Due = { readonly atMs: number; readonly run: () => void };

/** Timers that run only when a test advances the time. */
export function fakeTimers(): FakeTimers {
  let nowMs = 0;
  let calls = 0;
  const due = new Set<Due>();
  const soonestFirst = () => [...due].sort((one, other) => one.atMs - other.atMs);

  return {
    nowMs: () => nowMs,
    after(ms, run) {
      const entry = { atMs: nowMs + ms, run };
      due.add(entry);
      calls += 1;
      return () => void due.delete(entry);
    },
    calls: () => calls,
    leftMs: () => soonestFirst().map(({ atMs }) => atMs - nowMs),
    advance(ms) {
      const endMs = nowMs + ms;
      for (let next = soonestFirst()[0]; next && next.atMs <= endMs; next = soonestFirst()[0]) {
        due.delete(next);
        nowMs = next.atMs;
        next.run();
      }
      nowMs = endMs;
    },
  };
}
