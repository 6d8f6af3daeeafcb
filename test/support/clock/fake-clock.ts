import type { Clock } from '#ports/clock.ts';

export type FakeClock = Clock & {
  advance(ms: number): void;
  /** Sets the machine's clock forward, or back, as a person or NTP does: no time passes. */
  step(ms: number): void;
};

/** A clock that stands still until a test advances it. */
export function fakeClock(startMs: number): FakeClock {
  let nowMs = startMs;
  let passedMs = 0;
  return {
    now: () => nowMs,
    monotonicMs: () => passedMs,
    advance(ms) {
      nowMs += ms;
      passedMs += ms;
    },
    step(ms) {
      nowMs += ms;
    },
  };
}
