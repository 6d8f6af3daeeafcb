/** The share of requests whose answers differ, of all `of` that could be asked: it lies from `low` to `high`, with `confidence`. Where all were asked it is exact, and both bounds are it. */
export type ChangedShare = {
  readonly asked: number;
  readonly changed: number;
  readonly of: number;
  readonly low: number;
  readonly high: number;
  readonly confidence: number;
};

/** The error rate of a deployment's whole comparison, however often it is looked at. */
export const ERROR_BUDGET = 0.02;
/** The largest bet, as a part of what leaves no capital where it is lost: 0.9 passes "at most 2 %" after about 250 equal answers, the 0.5 of the authors' package after 455. */
const LARGEST_BET = 0.9;

/**
 * The share, from requests drawn without replacement in random order: `outcomes` says for each, in that order, whether its answer differs.
 * The bounds hold at every look at once: a betting confidence sequence (hedged capital, predictable plug-in bets) by Waudby-Smith and Ramdas, https://arxiv.org/abs/2010.09686, section 5.
 */
export function changedShare(
  outcomes: readonly boolean[],
  of: number,
  error = ERROR_BUDGET,
): ChangedShare {
  const asked = outcomes.length;
  const changed = outcomes.filter(Boolean).length;
  const total = Math.max(of, asked);
  const [low, high] = asked === total ? [changed, changed] : bounds(outcomes, total, error);
  const part = (count: number) => (total === 0 ? 0 : count / total);
  return { asked, changed, of: total, low: part(low), high: part(high), confidence: 1 - error };
}

/** The least and the greatest number of changed answers among all that the outcomes leave possible. */
function bounds(
  outcomes: readonly boolean[],
  total: number,
  error: number,
): readonly [low: number, high: number] {
  const bets = betsOn(outcomes, error);
  const changed = outcomes.filter(Boolean).length;
  const most = total - outcomes.length + changed;
  const isPossible = (count: number) => !isRuledOut({ outcomes, bets, total, error }, count);
  // The nearest to the outcomes' own share, from which both bounds are searched.
  const middle = Math.round((changed / Math.max(1, outcomes.length)) * total);
  const centre = Math.min(most, Math.max(changed, middle));
  return [
    leastWhere(changed, centre, isPossible),
    most - leastWhere(0, most - centre, (left) => isPossible(most - left)),
  ];
}

/** The least whole number from `from` to `to` for which `isSo`, where it is so for all above. */
function leastWhere(from: number, to: number, isSo: (value: number) => boolean): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isSo(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

type Bet = {
  readonly outcomes: readonly boolean[];
  readonly bets: readonly number[];
  readonly total: number;
  readonly error: number;
};

/** Whether someone who bets against this number of changed answers among all has ever won so much that it is wrong. */
function isRuledOut({ outcomes, bets, total, error }: Bet, count: number): boolean {
  let [seen, more, fewer] = [0, 1, 1];
  for (const [index, isChanged] of outcomes.entries()) {
    const expected = (count - seen) / (total - index);
    if (expected < 0 || expected > 1) return true;
    const [bet = 0, outcome] = [bets[index], Number(isChanged)];
    if (expected > 0) more *= 1 + Math.min(bet, LARGEST_BET / expected) * (outcome - expected);
    // Nothing may change any more, and something did.
    else if (isChanged) return true;
    if (expected < 1) {
      fewer *= 1 - Math.min(bet, LARGEST_BET / (1 - expected)) * (outcome - expected);
    } else if (!isChanged) return true;
    seen += outcome;
    if (Math.max(more, fewer) / 2 > 1 / error) return true;
  }
  return false;
}

/** The part of the capital to bet on each outcome, from those before it: equation 26 of the paper, with one imagined outcome of one half. */
function betsOn(outcomes: readonly boolean[], error: number): readonly number[] {
  const bets: number[] = [];
  let [sum, squares] = [0, 0];
  let variance = 1 / 4;
  for (const [index, isChanged] of outcomes.entries()) {
    const time = index + 1;
    bets.push(Math.sqrt((2 * Math.log(2 / error)) / (time * Math.log(1 + time) * variance)));
    sum += Number(isChanged);
    const centre = (1 / 2 + sum) / (time + 1);
    squares += (Number(isChanged) - centre) ** 2;
    variance = (1 / 4 + squares) / (time + 1);
  }
  return bets;
}

/**
 * How many more requests would show whether at most `tolerated` (a share) of all changed, if they go on as those before; 0 where that is known.
 * All that are left always would.
 */
export function moreToDecide(outcomes: readonly boolean[], of: number, tolerated: number): number {
  const left = Math.max(0, of - outcomes.length);
  const isKnown = (more: number) => {
    const { low, high } = changedShare([...outcomes, ...goingOn(outcomes, more)], of);
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
