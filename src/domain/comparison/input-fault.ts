import { byPlace, leafPairs } from './answer-content.ts';
import { deviation } from './statistics.ts';

/** A version's answer to all rows of a table, as parsed. */
type TableAnswer = unknown;

/** How far the answers must be apart, as a part of their spread, before most of that is enough to name a cause: a model that was trained anew is nearer. */
const FAR = 0.15;
/** The part of the distance which may be left where the cause is found: for answers that are far apart, and for any. No training makes the very answers that a fault of preparation makes. */
const LEFT = { far: 0.35, any: 0.01 } as const;

/** How far two answers are apart: 0 where they are equal; each number by the spread of the older ones at its place, at most 1, each label 0 or 1. Null where their forms differ. */
export function distance(before: TableAnswer, after: TableAnswer): number | null {
  const pairs = leafPairs(before, after);
  if (pairs.length === 0 || pairs.some((pair) => pair.after === undefined)) return null;
  const spreads = spreadsOf(before);
  const sum = pairs.reduce((total, { place, before: old, after: now }) => {
    if (typeof old !== 'number' || typeof now !== 'number') return total + Number(old !== now);
    const spread = spreads.get(place) ?? 0;
    return total + (spread === 0 ? Number(old !== now) : Math.min(1, Math.abs(now - old) / spread));
  }, 0);
  return sum / pairs.length;
}

/**
 * The fault of preparation by which the version before would answer as the new one does; undefined where none explains most of a large distance, or nearly all of a small one.
 * `tried` are its answers to rows that were changed so.
 */
export function inputFault(
  before: TableAnswer,
  after: TableAnswer,
  tried: readonly { readonly what: string; readonly answer: TableAnswer }[],
): string | undefined {
  const whole = distance(before, after) ?? 0;
  if (whole === 0) return undefined;
  const [best] = tried
    .flatMap(({ what, answer }) => {
      const left = distance(answer, after);
      return left === null ? [] : [{ what, left }];
    })
    .toSorted((a, b) => a.left - b.left);
  return best && best.left <= whole * (whole < FAR ? LEFT.any : LEFT.far)
    ? `it answers as the version before would if ${best.what}`
    : undefined;
}

function spreadsOf(answer: TableAnswer): ReadonlyMap<string, number> {
  const numbers = leafPairs(answer, answer).filter(({ before }) => typeof before === 'number');
  return new Map(
    [...byPlace(numbers)].map(([place, found]) => [
      place,
      deviation(found.map(({ before }) => Number(before))),
    ]),
  );
}
