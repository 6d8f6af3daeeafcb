/** Where a revision can run. This version of Slipway runs Lambda only. */
export const TARGETS = ['lambda'] as const;

export type Target = (typeof TARGETS)[number];
