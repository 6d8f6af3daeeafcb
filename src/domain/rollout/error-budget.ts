/**
 * How often a healthy version may be held back by chance, in all that is looked at from its comparison to the end of its bake: 2 %.
 * Half of it belongs to the comparison of answers, half to the bake. The two do not share a look, so nothing is lost by the split but a few requests.
 */
export const ERROR_BUDGET = 0.02;
export const ANSWERS_ERROR: number = ERROR_BUDGET / 2;
export const BAKE_ERROR: number = ERROR_BUDGET / 2;

/**
 * The part that one of the bake's tests may spend at its `look`th look, counted from 1 over all steps of a shift: the sums over all looks of three tests are half of the bake's part.
 * The other half is for the last word on a slowdown.
 */
export function errorAtLook(look: number): number {
  return BAKE_ERROR / (Math.PI * look) ** 2;
}

/** The part that the last word on a slowdown may spend, once the time to learn more is over. */
export const LAST_ERROR: number = BAKE_ERROR / 2;
