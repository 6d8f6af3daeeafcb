/** The limit on the monthly cost of a model (USD in 730 hours), and the most replicas that may run. */
export type Spending = { readonly mostReplicas: number; readonly maxMonthlyUsd: number };

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

/** "3 that always run cost". */
export function alwaysRunning(replicas: number): string {
  return replicas === 1 ? 'one that always runs costs' : `${replicas} that always run cost`;
}

function cents(usd: number): number {
  return Math.round(usd * 100) / 100;
}
