import type { Clock } from '#ports/clock.ts';

/** The time, and how to let some of it pass. */
export type Waiting = {
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<unknown>;
};
