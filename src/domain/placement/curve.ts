import type { PlacedOption } from './demand.ts';

type Point = Pick<PlacedOption, 'memoryMiB' | 'ownUsd' | 'p95Ms' | 'refusals'>;

/** The bill and the p95 of a function over its memory, the least first. */
export function functionCurve<Option extends Point & Pick<PlacedOption, 'target'>>(
  options: readonly Option[],
): readonly Option[] {
  return options
    .filter(({ target }) => target === 'lambda')
    .toSorted((one, other) => one.memoryMiB - other.memoryMiB);
}

/**
 * The knee of a curve: the point from which less time costs much more, and less money takes much longer. It is the one nearest to the lowest bill with the lowest p95, each counted from 0 at its lowest to 1 at its highest.
 * Undefined where fewer than three points keep all limits, or where both do not differ.
 */
export function kneeOf<Each extends Point>(curve: readonly Each[]): Each | undefined {
  const kept = curve.filter(({ refusals }) => refusals.length === 0);
  const usd = scaleOf(kept.map(({ ownUsd }) => ownUsd));
  const ms = scaleOf(kept.map(({ p95Ms }) => p95Ms));
  if (kept.length < 3 || !usd || !ms) return undefined;
  const distance = ({ ownUsd, p95Ms }: Each) => Math.hypot(usd(ownUsd), ms(p95Ms));
  return kept.reduce((one, other) => (distance(other) < distance(one) ? other : one));
}

function scaleOf(values: readonly number[]): ((value: number) => number) | undefined {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return most > least ? (value) => (value - least) / (most - least) : undefined;
}
