/** The most attempts to deliver an event to an address. */
export const MOST_TRIES = 10;

const FIRST_MS = 7_000;
const SPREAD = 0.4;

/**
 * The wait (ms) after `tries` failed attempts: exponential backoff with a fifth of jitter, which spreads the ten attempts over an hour.
 * `random` is from 0 to 1.
 */
export function retryAfterMs(tries: number, random: number): number {
  return FIRST_MS * 2 ** (tries - 1) * (1 - SPREAD / 2 + SPREAD * random);
}
