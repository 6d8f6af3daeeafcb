import { groupCounter } from '#adapters/aws/ecs/container-front.ts';
import { targetGroupOf } from '#adapters/aws/ecs/target-group.ts';
import { ALIASES } from '#adapters/aws/lambda/model-function.ts';
import { type Counter, metricSeries, minuteOf, PERIOD_MS } from '#adapters/aws/logs/metric-sums.ts';
import type { ProbeCounts } from '#adapters/aws/registry/probe-counts.ts';
import type { ModelVersion } from '#domain/deployment.ts';
import { gaplessSince } from '#domain/placement/learnt.ts';
import { calledHoursOf, withoutProbes } from '#domain/placement/logged-hours.ts';
import { mechanismOf } from '#domain/placement/target.ts';
import type { DemandHistory } from '#ports/demand-history.ts';
import type { CloudWatchMetricsOptions } from './cloudwatch-metrics.ts';

type CloudWatchDemandOptions = Omit<CloudWatchMetricsOptions, 'lambda'> & {
  readonly probes: Pick<ProbeCounts, 'minutes'>;
};

/**
 * The requests of a model by CloudWatch: those that came by the aliases of its function, whichever version executed them, and those of a live container's target group, since the groups of earlier containers are gone. Metrics outlive what they count. The probes of a function's versions name a version, so no alias counts them; those of a route and of a target group are subtracted.
 * CloudWatch keeps minutes for 15 days: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention
 */
export function cloudWatchDemand(options: CloudWatchDemandOptions): DemandHistory {
  const { cloudWatch, clock, probes } = options;
  return {
    async hours(live, wantedMs, versions) {
      const sinceMs = Math.max(wantedMs, gaplessSince(live, versions));
      const endMs = minuteOf(clock.now()) + PERIOD_MS;
      const functions = functionCounts(options, live);
      const called = await metricSeries(cloudWatch, functions, minuteOf(sinceMs), endMs);
      const { model, revision } = live;
      const asked = await probes.minutes({ model, at: 'function' }, sinceMs);
      const all = withoutProbes(summed(called), asked);
      if (mechanismOf(live) !== 'container') return calledHoursOf(all);
      // A candidate's group counts its probes before that.
      const fromMs = minuteOf(Math.max(sinceMs, live.liveAtMs));
      const groups = await groupCounts(options, live);
      const own = await metricSeries(cloudWatch, groups, fromMs, endMs);
      const replayed = await probes.minutes({ model, at: { revision } }, fromMs);
      return calledHoursOf(summed([all, withoutProbes(summed(own), replayed)]));
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
