import { SEED } from './seeded.ts';

/** Whether what is tried with random inputs is tried with many, as CI does. */
export const IS_THOROUGH = process.env['SLIPWAY_THOROUGH'] === '1';

/** How many random inputs a property is tried with, and by which seed: for fast-check. */
export function fuzzRuns(usual: number, thorough: number) {
  return { numRuns: IS_THOROUGH ? thorough : usual, seed: SEED };
}
