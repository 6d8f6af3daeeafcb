import { setTimeout as sleep } from 'node:timers/promises';

type Truthy<T> = Exclude<T, undefined | null | false>;

// Only a hanging test takes ten minutes, even on a machine that is ten times as busy as it should be. A run with a planted bug, whose event may never come, gives less.
const LONGEST_MS = Number(process.env['SLIPWAY_LONGEST_LOOK_MS'] ?? 600_000);

// Looks every 10 ms took more than a third of the CPU of a suite that waited for Step Functions in moto.
const PART_OF_WAIT = 10;
const LONGEST_PAUSE_MS = 100;

/**
 * Looks again and again until `look` returns something true, and returns that: after `everyMs` at first, and later after a tenth of the time that it has waited, at most 100 ms.
 * Gives up after LONGEST_MS, since no test has its own time limit.
 */
export async function eventually<T>(look: () => T | Promise<T>, everyMs = 10): Promise<Truthy<T>> {
  const beganMs = performance.now();
  for (;;) {
    const seen = await look();
    if (seen) return seen as Truthy<T>;
    const waitedMs = performance.now() - beganMs;
    if (waitedMs > LONGEST_MS) throw new Error(`not seen in ${LONGEST_MS / 1000} s: ${look}`);
    await sleep(Math.max(everyMs, Math.min(LONGEST_PAUSE_MS, waitedMs / PART_OF_WAIT)));
  }
}

/** The result of `wait`; rejects when it takes too long. */
export async function unlessHung<T>(what: string, wait: Promise<T>): Promise<T> {
  const over = new AbortController();
  const tooLate = sleep(LONGEST_MS, undefined, { signal: over.signal }).then(() => {
    throw new Error(`not seen in ${LONGEST_MS / 1000} s: ${what}`);
  });
  try {
    return await Promise.race([wait, tooLate]);
  } finally {
    tooLate.catch(() => {});
    over.abort();
  }
}
