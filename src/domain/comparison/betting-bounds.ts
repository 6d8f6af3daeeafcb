import { leastWhere } from '#domain/least-where.ts';

/** The largest bet, as a part of what leaves no capital where it is lost: 0.9 passes "at most 2 %" after about 250 equal answers, the 0.5 of the authors' package after 455. */
const LARGEST_BET = 0.9;

/** The quantity to bound: the sum of `total` values from 0 to 1, infinitely many where it is infinite, in steps of `step`; `error` is how often the bounds may ever be wrong. */
type Sum = { readonly total: number; readonly error: number; readonly step: number };

/**
 * The least and the greatest sum of all values that the drawn ones, in random order, leave possible.
 * A betting confidence sequence (hedged capital, predictable plug-in bets) by Waudby-Smith and Ramdas, https://arxiv.org/abs/2010.09686.
 */
export function bounds(values: readonly number[], sum: Sum): readonly [low: number, high: number] {
  const { total, error, step } = sum;
  const bets = betsOn(values, error);
  const seen = values.reduce((all, value) => all + value, 0);
  const [from, to] = [seen / step, (total - values.length + seen) / step];
  const [least, most] = [Math.floor(from), Math.ceil(to)];
  const isPossible = (steps: number) => !isRuledOut({ values, bets, ...sum }, steps * step);
  // The nearest to the values' own mean, from which both bounds are searched.
  const middle = Math.round(((seen / Math.max(1, values.length)) * total) / step);
  const centre = Math.min(most, Math.max(least, middle));
  return [
    step * leastWhere(least, centre, isPossible),
    step * (most - leastWhere(0, most - centre, (left) => isPossible(most - left))),
  ];
}

/** Bounds for the mean of whatever these values, from 0 to 1, were drawn from: of as many as one likes. */
export function meanBounds(
  values: readonly number[],
  error: number,
): readonly [low: number, high: number] {
  const steps = 10_000;
  const bets = betsOn(values, error);
  const isPossible = (at: number) =>
    !isRuledOut({ values, bets, total: Number.POSITIVE_INFINITY, error }, at / steps);
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const centre = Math.round(mean * steps);
  return [
    leastWhere(0, centre, isPossible) / steps,
    (steps - leastWhere(0, steps - centre, (left) => isPossible(steps - left))) / steps,
  ];
}

type Bet = Pick<Sum, 'total' | 'error'> & {
  readonly values: readonly number[];
  readonly bets: readonly number[];
};

/** Whether someone who bets against this sum (where infinitely many are drawn from, this mean) has ever won so much that it is wrong. */
function isRuledOut({ values, bets, total, error }: Bet, sum: number): boolean {
  let [seen, more, fewer] = [0, 1, 1];
  for (const [index, value] of values.entries()) {
    const expected = Number.isFinite(total) ? (sum - seen) / (total - index) : sum;
    if (expected < 0 || expected > 1) return true;
    const isCertain = expected === 0 || expected === 1;
    if (isCertain && value !== expected) return true;
    const bet = bets[index] ?? 0;
    more *= 1 + Math.min(bet, LARGEST_BET / expected) * (value - expected);
    fewer *= 1 - Math.min(bet, LARGEST_BET / (1 - expected)) * (value - expected);
    seen += value;
    if (Math.max(more, fewer) / 2 > 1 / error) return true;
  }
  return false;
}

/** The part of the capital to bet on each value, from those before it: equation 26 of the paper, with one imagined value of one half. */
function betsOn(values: readonly number[], error: number): readonly number[] {
  const bets: number[] = [];
  let [sum, squares] = [0, 0];
  let variance = 1 / 4;
  for (const [index, value] of values.entries()) {
    const time = index + 1;
    bets.push(Math.sqrt((2 * Math.log(2 / error)) / (time * Math.log(1 + time) * variance)));
    sum += value;
    const centre = (1 / 2 + sum) / (time + 1);
    squares += (value - centre) ** 2;
    variance = (1 / 4 + squares) / (time + 1);
  }
  return bets;
}
