import type { Clock } from '#ports/clock.ts';

export type FakeClock = Clock & { advance(ms: number): void };

/** A clock that stands still until a test moves it; `startMs` is an epoch time. */
export function fakeClock(startMs: number): FakeClock {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    advance: (ms) => {
      nowMs += ms;
    },
  };
}
