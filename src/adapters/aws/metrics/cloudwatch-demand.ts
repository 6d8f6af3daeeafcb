import { type CloudWatchClient, paginateListMetrics } from '@aws-sdk/client-cloudwatch';
import type { ContainerFront } from '#adapters/aws/ecs/container-front.ts';
import { targetGroupName } from '#adapters/aws/ecs/target-group-name.ts';
import { translated } from '#adapters/aws/failures.ts';
import { ALIASES } from '#adapters/aws/lambda/model-function.ts';
import { type Counter, metricSeries, minuteOf, PERIOD_MS } from '#adapters/aws/logs/metric-sums.ts';
import type { ProbeCounts } from '#adapters/aws/registry/probe-counts.ts';
import type { ModelVersion } from '#domain/deployment.ts';
import { calledHoursOf, withoutProbes } from '#domain/placement/logged-hours.ts';
import { mechanismOf } from '#domain/placement/target.ts';
import type { DemandHistory } from '#ports/demand-history.ts';
import type { CloudWatchMetricsOptions } from './cloudwatch-metrics.ts';

type CloudWatchDemandOptions = Pick<
  CloudWatchMetricsOptions,
  'cloudWatch' | 'functionPrefix' | 'clock'
> & {
  /** Null when models only run on Lambda. */
  readonly containers: { readonly front: Pick<ContainerFront, 'stage'> } | null;
  readonly probes: Pick<ProbeCounts, 'minutes'>;
};

/**
 * The requests of a model by CloudWatch: those that came by the aliases of its function, whichever version executed them, and those of the target group of each container. Metrics outlive what they count. The probes of a function's versions name a version, so no alias counts them; those of a route and of a target group are subtracted.
 * CloudWatch keeps minutes for 15 days: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention
 */
export function cloudWatchDemand(options: CloudWatchDemandOptions): DemandHistory {
  const { cloudWatch, clock, probes } = options;
  return {
    async hours(live, sinceMs, versions) {
      const endMs = minuteOf(clock.now()) + PERIOD_MS;
      const functions = functionCounts(options, live);
      const called = await metricSeries(cloudWatch, functions, minuteOf(sinceMs), endMs);
      const { model } = live;
      const asked = await probes.minutes({ model, at: 'function' }, sinceMs);
      const groups = await Promise.all(
        (await countedGroups(options, versions, sinceMs)).map(
          async ({ fromMs, revision, counter }) => {
            const own = await metricSeries(cloudWatch, [counter], minuteOf(fromMs), endMs);
            const replayed = await probes.minutes({ model, at: { revision } }, fromMs);
            return withoutProbes(summed(own), replayed);
          },
        ),
      );
      return calledHoursOf(summed([withoutProbes(summed(called), asked), ...groups]));
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

/** The target group of a version that ran in containers, and from when (epoch ms) it counts clients' requests. */
type CountedGroup = {
  readonly revision: string;
  readonly fromMs: number;
  readonly counter: Counter;
};

/**
 * The counts of the versions that were live since then in containers. Nobody can ask for a target group that is gone, but CloudWatch lists its metrics for two weeks after its last request.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html
 */
async function countedGroups(
  { cloudWatch, containers }: CloudWatchDemandOptions,
  versions: readonly ModelVersion[],
  sinceMs: number,
): Promise<readonly CountedGroup[]> {
  const inContainers = versions.filter((version) => mechanismOf(version) === 'container');
  const lived = inContainers.filter((version) => endOf(version, versions) >= sinceMs);
  if (!containers || lived.length === 0) return [];
  const counters = await groupCounters(cloudWatch);
  return lived.flatMap((version) => {
    const { revision } = version;
    const prefix = `targetgroup/${targetGroupName(containers.front.stage, revision)}/`;
    const fromMs = Math.max(sinceMs, firstLive(version, versions));
    return counters
      .filter(({ dimensions }) => dimensions['TargetGroup']?.startsWith(prefix))
      .map((counter) => ({ revision, fromMs, counter }));
  });
}

/** When another version went live after that one; infinite for the one that did last. */
function endOf({ liveAtMs }: ModelVersion, versions: readonly ModelVersion[]): number {
  const later = versions.map((each) => each.liveAtMs).filter((atMs) => atMs > liveAtMs);
  return Math.min(Number.POSITIVE_INFINITY, ...later);
}

/** Since when a version's group counts clients: a candidate's group counts its probes before that. A version that a rollback brought back was live before, and nobody knows since when. */
function firstLive({ version, liveAtMs }: ModelVersion, versions: readonly ModelVersion[]): number {
  const isBack = versions.some((each) => each.version > version && each.liveAtMs < liveAtMs);
  return isBack ? 0 : liveAtMs;
}

/** The requests of each target group that got any in the last two weeks. */
async function groupCounters(client: CloudWatchClient): Promise<readonly Counter[]> {
  const namespace = 'AWS/ApplicationELB';
  const name = 'RequestCount';
  const wanted = { Namespace: namespace, MetricName: name, Dimensions: [{ Name: 'TargetGroup' }] };
  return translated(async () => {
    const counters = new Map<string, Counter>();
    for await (const { Metrics = [] } of paginateListMetrics({ client }, wanted)) {
      for (const { Dimensions = [] } of Metrics) {
        const dimensions = Object.fromEntries(
          Dimensions.map(({ Name = '', Value = '' }) => [Name, Value]),
        );
        // The same requests are counted for each zone too.
        if (Dimensions.length === 2 && dimensions['LoadBalancer']) {
          counters.set(JSON.stringify(dimensions), { namespace, name, dimensions });
        }
      }
    }
    return [...counters.values()];
  });
}

function summed(series: readonly ReadonlyMap<number, number>[]): ReadonlyMap<number, number> {
  const sum = new Map<number, number>();
  for (const values of series) {
    for (const [atMs, count] of values) sum.set(atMs, (sum.get(atMs) ?? 0) + count);
  }
  return sum;
}
