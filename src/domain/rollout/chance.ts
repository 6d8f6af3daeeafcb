/** Some of a number of requests, such as those that were refused. */
export type Part = { readonly count: number; readonly of: number };

/**
 * How likely, at most, the first part is so large by chance, where both are drawn from one population.
 * This is Hoeffding's bound for draws without replacement, given the sum of both counts; it holds for any numbers of requests. https://doi.org/10.1080/01621459.1963.10500830, theorems 1 and 4.
 */
export function chanceOfMore(now: Part, before: Part): number {
  const seen = now.count / now.of;
  const expected = (now.count + before.count) / (now.of + before.of);
  if (now.of === 0 || !(seen > expected)) return 1;
  return Math.exp(-now.of * divergence(seen, expected));
}

/** The relative entropy of two shares (nats). */
function divergence(share: number, of: number): number {
  const term = (part: number, whole: number) => (part === 0 ? 0 : part * Math.log(part / whole));
  return term(share, of) + term(1 - share, 1 - of);
}

/**
 * How likely the first values are so often greater than the others by chance: the exact distribution of Mann and Whitney's U, in which a tie is no win.
 */
export function chanceOfOrder(now: readonly number[], before: readonly number[]): number {
  const wins = now.flatMap((one) => before.filter((other) => one > other)).length;
  const most = now.length * before.length;
  const ways = waysToWin(now.length, before.length);
  const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0);
  // As many orders have so few losses as have so few wins; the small counts are exact.
  return sum(ways.slice(0, most - wins + 1)) / sum(ways);
}

/** How many orders of so many values and so many others have each number of wins: the coefficients of the Gaussian binomial. */
function waysToWin(count: number, others: number): readonly number[] {
  const ways = new Array<number>(count * others + 1).fill(0);
  ways[0] = 1;
  for (let each = 1; each <= count; each += 1) {
    for (let wins = ways.length - 1; wins >= others + each; wins -= 1) {
      ways[wins] = (ways[wins] ?? 0) - (ways[wins - others - each] ?? 0);
    }
    for (let wins = each; wins < ways.length; wins += 1) {
      ways[wins] = (ways[wins] ?? 0) + (ways[wins - each] ?? 0);
    }
  }
  return ways;
}
