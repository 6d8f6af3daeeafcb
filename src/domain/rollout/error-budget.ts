/**
 * How often a healthy version may be held back by chance, in all that is looked at from its comparison to the end of its bake: 2 %.
 * Half of it belongs to the comparison of answers, half to the bake. The two do not share a look, so nothing is lost by the split but a few requests.
 */
export const ERROR_BUDGET = 0.02;
export const ANSWERS_ERROR: number = ERROR_BUDGET / 2;
export const BAKE_ERROR: number = ERROR_BUDGET / 2;

/** The part of the bake's that the comparison of what clients got may spend, in all steps of the shift together. */
const GIVEN_ERROR = BAKE_ERROR / 20;

/**
 * The part that one of the bake's tests may spend at its `look`th look, counted from 1 over all steps of a shift: the sums over all looks of three tests, and the comparison of what clients got, are half of the bake's part.
 * The other half is for the last word on a slowdown.
 */
export function errorAtLook(look: number): number {
  return (BAKE_ERROR - 2 * GIVEN_ERROR) / (Math.PI * look) ** 2;
}

/** The part that the comparison of what clients got may spend in a step of the shift, counted from 1. */
export function errorAtStep(step: number): number {
  return (6 * GIVEN_ERROR) / (Math.PI * step) ** 2;
}

/** The part that the last word on a slowdown may spend, once the time to learn more is over. */
export const LAST_ERROR: number = BAKE_ERROR / 2;
