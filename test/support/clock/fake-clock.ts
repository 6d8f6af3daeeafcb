import type { Clock } from '#ports/clock.ts';

export type FakeClock = Clock & { advance(ms: number): void };

/** A clock that stands still until it is told to go on. */
export function fakeClock(startMs: number): FakeClock {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    advance(ms) {
      nowMs += ms;
    },
  };
}
