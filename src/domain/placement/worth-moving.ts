import type { PlacedOption } from './demand.ts';

// A move costs a deployment, and an estimate is no better than this.
const LEAST_SHARE = 0.1;
const LEAST_USD = 5;

/** Whether one option is so much better than another that a move pays: it costs at least a tenth and $5 a month less, or keeps the limits that the other breaks. */
export function isWorthMoving(from: PlacedOption, to: PlacedOption): boolean {
  if (to.refusals.length > 0) return false;
  if (from.refusals.length > 0) return true;
  return savesEnough(from.ownUsd, to.ownUsd, 1);
}

/** Whether a bill (USD) is at least a tenth and $5 a month below another one for the same part of a month. */
export function savesEnough(fromUsd: number, toUsd: number, months: number): boolean {
  const saved = fromUsd - toUsd;
  return saved >= LEAST_USD * months && saved >= fromUsd * LEAST_SHARE;
}
