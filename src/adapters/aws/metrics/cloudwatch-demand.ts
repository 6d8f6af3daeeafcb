import { groupCounter } from '#adapters/aws/ecs/container-front.ts';
import { targetGroupOf } from '#adapters/aws/ecs/target-group.ts';
import { ALIASES } from '#adapters/aws/lambda/model-function.ts';
import { type Counter, metricSeries, minuteOf, PERIOD_MS } from '#adapters/aws/logs/metric-sums.ts';
import type { ModelVersion } from '#domain/deployment.ts';
import { calledHoursOf } from '#domain/placement/logged-hours.ts';
import { mechanismOf } from '#domain/placement/target.ts';
import type { DemandHistory } from '#ports/demand-history.ts';
import type { CloudWatchMetricsOptions } from './cloudwatch-metrics.ts';

/**
 * The requests of a model by CloudWatch: of a live function those that came by its aliases, whichever version executed them; of a live container those of its target group since it went live, since the groups of earlier versions are gone. The probes of a function's versions name a version, so they do not count; those of a candidate's target group, and those of the route, do: few beside two weeks of requests.
 * CloudWatch keeps minutes for 15 days: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention
 */
export function cloudWatchDemand(options: Omit<CloudWatchMetricsOptions, 'lambda'>): DemandHistory {
  const { cloudWatch, clock } = options;
  return {
    async hours(live, sinceMs) {
      const isContainer = mechanismOf(live) === 'container';
      const counters = isContainer
        ? await groupCounts(options, live)
        : functionCounts(options, live);
      // Before that, hours in which other containers answered would look like hours without requests.
      const fromMs = isContainer ? Math.max(sinceMs, live.liveAtMs) : sinceMs;
      const endMs = minuteOf(clock.now()) + PERIOD_MS;
      const series = await metricSeries(cloudWatch, counters, minuteOf(fromMs), endMs);
      return calledHoursOf(summed(series));
    },
  };
}

function functionCounts(
  { functionPrefix }: Pick<CloudWatchMetricsOptions, 'functionPrefix'>,
  { model }: ModelVersion,
): readonly Counter[] {
  const FunctionName = functionPrefix + model;
  return Object.values(ALIASES).map((alias) => ({
    namespace: 'AWS/Lambda',
    name: 'Invocations',
    dimensions: { FunctionName, Resource: `${FunctionName}:${alias}` },
  }));
}

async function groupCounts(
  { containers }: Pick<CloudWatchMetricsOptions, 'containers'>,
  live: ModelVersion,
): Promise<readonly Counter[]> {
  if (!containers) return [];
  const { elb, front } = containers;
  const group = await targetGroupOf(elb, front.stage, live.revision);
  return group ? [groupCounter(front, group.arn, 'RequestCount')] : [];
}

function summed(series: readonly ReadonlyMap<number, number>[]): ReadonlyMap<number, number> {
  const sum = new Map<number, number>();
  for (const values of series) {
    for (const [atMs, count] of values) sum.set(atMs, (sum.get(atMs) ?? 0) + count);
  }
  return sum;
}
