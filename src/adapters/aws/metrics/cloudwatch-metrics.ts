import { type CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import type { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import { type ContainerFront, groupCounter } from '#adapters/aws/ecs/container-front.ts';
import { targetGroupOf } from '#adapters/aws/ecs/target-group.ts';
import { translated } from '#adapters/aws/failures.ts';
import type { FunctionKind } from '#adapters/aws/lambda/model-function.ts';
import { type KnownVersions, knownVersions } from '#adapters/aws/lambda/model-versions.ts';
import { LATE_MS, metricSums, minuteOf, PERIOD_MS } from '#adapters/aws/logs/metric-sums.ts';
import { modelOf } from '#domain/identity.ts';
import { mechanismOf } from '#domain/placement/target.ts';
import type { Pace } from '#domain/rollout/judge-bake.ts';
import type { Clock } from '#ports/clock.ts';
import type { MadeRevision, Metrics, TrafficSample } from '#ports/metrics.ts';
import { functionCounters } from './function-counters.ts';

export type CloudWatchMetricsOptions = {
  readonly cloudWatch: CloudWatchClient;
  readonly lambda: LambdaClient;
  /** The prefix of a model function's name, before the model. */
  readonly functionPrefix: string;
  /** Null when models only run on Lambda. */
  readonly containers: {
    readonly elb: ElasticLoadBalancingV2Client;
    readonly front: ContainerFront;
  } | null;
  readonly clock: Clock;
};

const NOTHING: TrafficSample = { requests: 0, serverErrors: 0, refused: 0 };

const GROUP_COUNTS = [
  'RequestCount',
  'HTTPCode_Target_5XX_Count',
  'HTTPCode_Target_4XX_Count',
  'HTTPCode_Target_2XX_Count',
  'HTTPCode_Target_3XX_Count',
] as const;

// Longer than any bake.
const LONGEST_MS = 24 * 3_600_000;

/** Lambda's metrics of the alias that clients use, by executed version, or the load balancer's metrics of a target group. */
export function cloudWatchMetrics(options: CloudWatchMetricsOptions): Metrics {
  const { cloudWatch, clock } = options;
  const versions = knownVersions(options.lambda);

  return {
    async traffic(ref, sinceMs) {
      const startMs = minuteOf(Math.max(sinceMs, clock.now() - LONGEST_MS));
      const mechanism = mechanismOf(ref);
      return mechanism === 'container'
        ? containerTraffic(options, ref.revision, startMs)
        : functionTraffic({ ...options, versions }, { ...ref, kind: mechanism }, startMs);
    },

    pace: (ref, sinceMs) =>
      paceOf(options, ref, minuteOf(Math.max(sinceMs, clock.now() - LONGEST_MS))),

    async alarms(names) {
      if (names.length === 0) return { ringing: [], unknown: [] };
      const states = await alarmStates(cloudWatch, names);
      return {
        ringing: names.filter((name) => states.get(name) === 'ALARM'),
        unknown: names.filter((name) => !states.has(name)),
      };
    },
  };
}

/**
 * A server's 5xx counts as a function error. A throttled request is in neither count, since no version executed it: it only counts for the alias, whichever version it was meant for.
 * https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
 */
async function functionTraffic(
  {
    cloudWatch,
    versions,
    functionPrefix,
    clock,
  }: CloudWatchMetricsOptions & { readonly versions: KnownVersions },
  { revision, madeBy, kind }: MadeRevision & { readonly kind: FunctionKind },
  startMs: number,
): Promise<TrafficSample> {
  const functionName = functionPrefix + modelOf(revision);
  const version = await versions.number(functionName, revision);
  if (version === undefined) return NOTHING;
  const { ofAlias, ofVersion, ofServer } = functionCounters({
    functionName,
    version,
    kind,
    madeBy,
  });
  const counters = [
    ofVersion('Invocations'),
    ofVersion('Errors'),
    ofAlias('Throttles'),
    ofServer('ServerErrors'),
    ofServer('Refusals'),
  ];
  const endMs = minuteOf(clock.now()) + PERIOD_MS;
  const sums = await metricSums(cloudWatch, counters, startMs, endMs);
  const [answered = 0, failed = 0, throttled = 0, erred = 0, refused = 0] = sums;
  // The server's own count also has what was asked of the version itself.
  const errors = Math.min(answered, failed + erred);
  return { requests: answered + throttled, serverErrors: errors + throttled, refused };
}

/**
 * If no target answers, the load balancer answers itself (502, 504) and counts that for no target group: the request is only in `RequestCount`.
 * So is a request whose client left first. Only complete minutes distinguish these from a request whose answer is counted later.
 */
async function containerTraffic(
  { cloudWatch, containers, clock }: CloudWatchMetricsOptions,
  revision: string,
  startMs: number,
): Promise<TrafficSample> {
  const group =
    containers && (await targetGroupOf(containers.elb, containers.front.stage, revision));
  if (!group) return NOTHING;
  const counters = GROUP_COUNTS.map((name) => groupCounter(containers.front, group.arn, name));
  const nowMs = clock.now();
  const endMs = minuteOf(nowMs) + PERIOD_MS;
  const [requests = 0, failed = 0, refused = 0] = await metricSums(
    cloudWatch,
    counters.slice(0, 3),
    startMs,
    endMs,
  );
  const [asked = 0, ...answered] = await metricSums(
    cloudWatch,
    counters,
    startMs,
    minuteOf(nowMs - LATE_MS),
  );
  const unanswered = asked - answered.reduce((sum, count) => sum + count, 0);
  return { requests, serverErrors: failed + Math.max(0, unanswered), refused };
}

/** The server counts it itself, wherever it runs: runtimes/python/slipway_server/serving/generations.py. */
async function paceOf(
  { cloudWatch, clock }: CloudWatchMetricsOptions,
  { revision, madeBy }: MadeRevision,
  startMs: number,
): Promise<Pace> {
  const counter = {
    namespace: 'Slipway',
    name: 'TokensPerSecond',
    dimensions: { Model: modelOf(revision), Revision: revision, Deployment: madeBy },
  } as const;
  const counters = [counter, { ...counter, statistic: 'SampleCount' }] as const;
  const endMs = minuteOf(clock.now()) + PERIOD_MS;
  const [sum = 0, answers = 0] = await metricSums(cloudWatch, counters, startMs, endMs);
  return { answers, tokensPerSecond: answers > 0 ? sum / answers : 0 };
}

/** The states of the alarms that exist. An alarm without data is not ringing. */
async function alarmStates(
  cloudWatch: CloudWatchClient,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const command = new DescribeAlarmsCommand({
    AlarmNames: [...names],
    // By default, composite alarms are left out.
    AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
    MaxRecords: 100,
  });
  const { MetricAlarms = [], CompositeAlarms = [] } = await translated(() =>
    cloudWatch.send(command),
  );
  return new Map(
    [...MetricAlarms, ...CompositeAlarms].map(({ AlarmName = '', StateValue = '' }) => [
      AlarmName,
      StateValue,
    ]),
  );
}
