import type { Clock } from '#ports/clock.ts';

/** The clock, and a way to sleep. */
export type Waiting = {
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<unknown>;
};

/** Looks every `periodMs` until the result is enough; returns the last look's result, at the latest after `waitMs`. */
export async function lookUntil<Found>(
  isEnough: (found: Found) => boolean,
  look: () => Promise<Found>,
  {
    clock,
    sleep,
    waitMs,
    periodMs,
  }: Waiting & { readonly waitMs: number; readonly periodMs: number },
): Promise<Found> {
  const endMs = clock.monotonicMs() + waitMs;
  for (;;) {
    const found = await look();
    const leftMs = endMs - clock.monotonicMs();
    if (isEnough(found) || leftMs <= 0) return found;
    await sleep(Math.min(leftMs, periodMs));
  }
}
