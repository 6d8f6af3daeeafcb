/** What as many replicas as may run may cost together, USD in 730 hours. */
export type Spending = { readonly mostReplicas: number; readonly maxMonthlyUsd: number };

const HOURS_A_MONTH = 730;

/** What replicas that always run cost in 730 hours, in USD. */
export function monthly(usdPerHour: number, replicas: number): number {
  return cents(usdPerHour * HOURS_A_MONTH * replicas);
}

/** Why an hourly price may not be spent; undefined where it may. */
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
