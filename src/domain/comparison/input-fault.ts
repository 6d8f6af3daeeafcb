import { byPlace, leafPairs } from './answer-content.ts';
import { deviation } from './statistics.ts';

/** A version's answer to all rows of a table, as parsed. */
type TableAnswer = unknown;

/** How far the answers must be apart, as a part of their spread, before a cause is looked for: a model that was trained anew is nearer. */
const FAR = 0.15;
/** The part of that distance which may be left where the cause is found. */
const LEFT = 0.35;

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

/** Whether a cause is worth looking for. */
export function isFar(before: TableAnswer, after: TableAnswer): boolean {
  return (distance(before, after) ?? 0) >= FAR;
}

/**
 * The fault of preparation by which the version before would answer as the new one does; undefined where none explains most of the distance.
 * `tried` are its answers to rows that were changed so.
 */
export function inputFault(
  before: TableAnswer,
  after: TableAnswer,
  tried: readonly { readonly what: string; readonly answer: TableAnswer }[],
): string | undefined {
  const whole = distance(before, after) ?? 0;
  if (whole < FAR) return undefined;
  const [best] = tried
    .flatMap(({ what, answer }) => {
      const left = distance(answer, after);
      return left === null ? [] : [{ what, left }];
    })
    .toSorted((a, b) => a.left - b.left);
  return best && best.left <= whole * LEFT
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
