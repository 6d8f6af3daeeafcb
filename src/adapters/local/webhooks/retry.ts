/** How often an event is tried at an address before it is given up. */
export const MOST_TRIES = 10;

const FIRST_MS = 7_000;
const SPREAD = 0.4;

/**
 * How long to wait (ms) after the `tries`th try in vain: twice as long each time, give or take a fifth, so that the ten are spread over an hour.
 * `random` is from 0 to 1.
 */
export function retryAfterMs(tries: number, random: number): number {
  return FIRST_MS * 2 ** (tries - 1) * (1 - SPREAD / 2 + SPREAD * random);
}
