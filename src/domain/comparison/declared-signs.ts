import { difference } from '#domain/rollout/json-difference.ts';
import { byPlace, contentOf, type LeafPair, leafPairs } from './answer-content.ts';
import type { AnswerShape } from './answer-shape.ts';
import type { AskedPair } from './asked-pair.ts';
import { type DeclaredChanges, isAt, toleranceOf } from './declared-changes.ts';
import { unfoundScales } from './declared-scale.ts';

/** The answers to one request: `leaves` are their values, with the declared changes in those of the version before. */
type Answered = {
  readonly pair: Pick<AskedPair, 'before' | 'isDrawn'>;
  readonly after: unknown;
  readonly leaves: readonly LeafPair[];
};

type SignLeaf = LeafPair & { readonly isDrawn: boolean };

/**
 * The values in which signs are looked for, and the signs that a declared scale is not found: the values there are compared as they are.
 * An output whose numbers are all as near as its owner tolerates has no signs.
 */
export function signLeaves(
  answered: readonly Answered[],
  shape: AnswerShape,
  declared: DeclaredChanges | undefined,
): { readonly leaves: readonly SignLeaf[]; readonly unfound: readonly string[] } {
  const expected = allLeaves(answered, ({ leaves }) => leaves);
  if (!declared) return { leaves: expected, unfound: [] };
  const given = allLeaves(answered, ({ pair, after }) =>
    leafPairs(contentOf(pair.before)?.said, after, shape),
  );
  const unfound = unfoundScales(given, declared);
  const isUnfound = ({ place }: LeafPair) =>
    unfound.some(({ output }) => isAt(place, output, declared));
  const near = nearPlaces(expected, declared);
  return {
    leaves: [
      ...expected.filter((leaf) => !isUnfound(leaf) && !near.has(leaf.place)),
      ...given.filter(isUnfound),
    ],
    unfound: unfound.map(({ sign }) => sign),
  };
}

function allLeaves(
  answered: readonly Answered[],
  leavesOf: (each: Answered) => readonly LeafPair[],
): readonly SignLeaf[] {
  return answered.flatMap((each) =>
    leavesOf(each).map((leaf) => ({ ...leaf, isDrawn: each.pair.isDrawn })),
  );
}

/** The places where all values are the same, or as near as the tolerance wants them. */
function nearPlaces(leaves: readonly LeafPair[], declared: DeclaredChanges): ReadonlySet<string> {
  const { others, outputs } = toleranceOf(declared);
  const toleranceAt = (place: string) =>
    [...outputs].find(([output]) => isAt(place, output, declared))?.[1] ?? others;
  return new Set(
    [...byPlace(leaves)].flatMap(([place, found]) => {
      const tolerance = toleranceAt(place);
      const isNear = found.every(
        ({ before, after }) => difference(after, before, tolerance) === undefined,
      );
      return isNear ? [place] : [];
    }),
  );
}
