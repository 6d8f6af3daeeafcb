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

/** The time of a clock (epoch, ms), and when it was read by the monotonic clock that all threads of a process share. */
export type ClockReading = { readonly nowMs: number; readonly readAtMs: number };

export function readingOf(clock: Clock): ClockReading {
  return { nowMs: clock.now(), readAtMs: sharedMs() };
}

/** A clock that goes on from the newest reading, which another thread may have made; it does not step in between. */
export function continuedClock(reading: () => ClockReading): Clock {
  return {
    now() {
      const { nowMs, readAtMs } = reading();
      return Math.floor(nowMs + sharedMs() - readAtMs);
    },
    monotonicMs: sharedMs,
  };
}

/** `performance.now` begins anew in each thread. */
function sharedMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
