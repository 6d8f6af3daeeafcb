/** The limit on the monthly cost of a model (USD in 730 hours), and the most replicas that may run. */
export type Spending = { readonly mostReplicas: number; readonly maxMonthlyUsd: number };

/**
 * The cost of a model since a calendar month began (UTC, such as 2026-12), by its counted requests and their prices, without the front door: `usd` is the cost of the whole hours until `untilMs` (epoch).
 * `peak`: the requests a second in the busiest minute. `isOver`: the cap has been reached. `most`: how many replicas, or executions at once, it may have until the next look; null for as many as it asks for.
 * `maxMonthlyUsd`: the cap then, absent where there was none. `unmetered`: why nothing is added for the live version; absent where it is.
 */
export type Spent = {
  readonly month: string;
  readonly usd: number;
  readonly untilMs: number;
  readonly peak: number;
  readonly isOver: boolean;
  readonly most: number | null;
  readonly maxMonthlyUsd?: number;
  readonly unmetered?: string;
};

/** "has cost $12.00 since 2026-12-01, by its requests"; on one machine what it would have cost on AWS. */
export function spentWords({ month, usd }: Pick<Spent, 'month' | 'usd'>, isSpent: boolean): string {
  const has = isSpent ? 'has cost' : 'would have cost on AWS';
  return `${has} $${usd.toFixed(2)} since ${month}-01, by its requests`;
}

/** The meaning of a limit on the replicas of a model, to be read after a comma. */
export function limitedWords(target: string, most: number): string {
  if (most === 0) return 'so it answers nothing until the month ends';
  const replicas = most === 1 ? 'replica' : 'replicas';
  const what = target === 'lambda' ? `execution${most === 1 ? '' : 's'} at once` : replicas;
  return `so it may have ${most} ${what} for now`;
}

/** The hours that AWS's own estimates take for a month. */
export const HOURS_A_MONTH = 730;

/** The cost of replicas that always run, in USD for 730 hours. */
export function monthly(usdPerHour: number, replicas: number): number {
  return cents(usdPerHour * HOURS_A_MONTH * replicas);
}

/** Why an hourly price exceeds the limit; undefined where it does not. */
export function overspent(
  usdPerHour: number,
  spending: Spending | null | undefined,
): string | undefined {
  if (!spending) return undefined;
  const { mostReplicas, maxMonthlyUsd } = spending;
  const usd = monthly(usdPerHour, mostReplicas);
  const which = mostReplicas === 1 ? 'its one replica' : `its ${mostReplicas} replicas`;
  return usd > maxMonthlyUsd
    ? `${which} would cost $${usd} a month; the cap maxMonthlyUsd is $${maxMonthlyUsd}`
    : undefined;
}

/** "3 such tasks that always run cost $108.12 a month": what so many replicas cost by themselves (USD a month), without a load balancer and public addresses. */
export function alwaysRunning(what: 'task' | 'instance', replicas: number, usd: number): string {
  const which =
    replicas === 1
      ? `one such ${what} that always runs costs`
      : `${replicas} such ${what}s that always run cost`;
  return `${which} $${usd.toFixed(2)} a month`;
}

function cents(usd: number): number {
  return Math.round(usd * 100) / 100;
}
