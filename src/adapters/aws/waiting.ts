import type { Clock } from '#ports/clock.ts';

/** The time, and how to let some of it pass. */
export type Waiting = {
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<unknown>;
};

/** Looks again every `periodMs` until what is found is enough; answers what the last look found, which comes when `waitMs` are over. */
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
  const endMs = clock.now() + waitMs;
  for (;;) {
    const found = await look();
    const leftMs = endMs - clock.now();
    if (isEnough(found) || leftMs <= 0) return found;
    await sleep(Math.min(leftMs, periodMs));
  }
}
