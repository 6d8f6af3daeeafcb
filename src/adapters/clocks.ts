import type { Clock } from '#ports/clock.ts';

/** The machine's two clocks as they are. */
export const systemClock: Clock = { now: Date.now, monotonicMs: () => performance.now() };

/**
 * A clock whose `now` does not step while work is under way, so that what a deployment records measures right, whoever sets the machine's clock meanwhile.
 * While `isIdle` says that nothing is under way, it follows the machine's clock: forward at once, back at half speed, since records must not go back.
 */
export function steadyClock(isIdle: () => boolean, machine: Clock = systemClock): Clock {
  let nowMs = machine.now();
  let lookedAtMs = machine.monotonicMs();

  function now(): number {
    const elapsedMs = machine.monotonicMs() - lookedAtMs;
    lookedAtMs += elapsedMs;
    nowMs += elapsedMs;
    const behindMs = machine.now() - nowMs;
    if (isIdle()) nowMs += Math.max(behindMs, -elapsedMs / 2);
    // Records hold whole milliseconds.
    return Math.floor(nowMs);
  }

  return { now, monotonicMs: machine.monotonicMs };
}
