import { randomInt } from 'node:crypto';

/** The seed of a run's random choices: another each time, or the one in `SLIPWAY_SEED`, by which a failed run is repeated. */
export const SEED = Number(process.env['SLIPWAY_SEED'] ?? randomInt(2 ** 31));

/** The command that makes the same choices again; `path` is the test's, or a part of it. */
export function again(path: string): string {
  return `SLIPWAY_SEED=${SEED} npm test -- ${path}`;
}

/** Numbers from 0 to 1 (without it) that are the same for the same seed: mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
