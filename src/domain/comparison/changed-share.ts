import { leastWhere } from '#domain/least-where.ts';
import { ANSWERS_ERROR } from '#domain/rollout/error-budget.ts';
import { bounds } from './betting-bounds.ts';

/** The share of requests whose answers differ, of all `of` that could be asked: it lies from `low` to `high`, with `confidence`. Where all were asked it is exact, and both bounds are it. */
export type ChangedShare = {
  readonly asked: number;
  readonly changed: number;
  readonly of: number;
  readonly low: number;
  readonly high: number;
  readonly confidence: number;
};

/**
 * The share, from requests drawn without replacement in random order: `outcomes` says for each, in that order, whether its answer differs.
 * The bounds hold at every look at once: a betting confidence sequence (hedged capital, predictable plug-in bets) by Waudby-Smith and Ramdas, https://arxiv.org/abs/2010.09686, section 5.
 */
export function changedShare(
  outcomes: readonly boolean[],
  of: number,
  error = ANSWERS_ERROR,
): ChangedShare {
  const asked = outcomes.length;
  const changed = outcomes.filter(Boolean).length;
  const total = Math.max(of, asked);
  const [low, high] =
    asked === total ? [changed, changed] : bounds(outcomes.map(Number), { total, error, step: 1 });
  const part = (count: number) => (total === 0 ? 0 : count / total);
  return { asked, changed, of: total, low: part(low), high: part(high), confidence: 1 - error };
}

/**
 * How many more requests would show whether at most `tolerated` (a share) of all changed, if they go on as those before; 0 where that is known.
 * All that are left always would.
 */
export function moreToDecide(
  outcomes: readonly boolean[],
  of: number,
  { tolerated, error }: { readonly tolerated: number; readonly error: number },
): number {
  const left = Math.max(0, of - outcomes.length);
  const isKnown = (more: number) => {
    const { low, high } = changedShare([...outcomes, ...goingOn(outcomes, more)], of, error);
    return high <= tolerated || low > tolerated;
  };
  if (left === 0 || isKnown(0)) return 0;
  return leastWhere(1, left, isKnown);
}

/** More outcomes, of which as many are changes, evenly spread. */
function goingOn(outcomes: readonly boolean[], more: number): readonly boolean[] {
  const share = outcomes.filter(Boolean).length / Math.max(1, outcomes.length);
  return Array.from(
    { length: more },
    (_, index) => Math.floor((index + 1) * share) > Math.floor(index * share),
  );
}
