import { type CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import type { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import { type ContainerFront, groupCounter } from '#adapters/aws/ecs/container-front.ts';
import { targetGroupOf } from '#adapters/aws/ecs/target-group.ts';
import { translated } from '#adapters/aws/failures.ts';
import { LIVE } from '#adapters/aws/lambda/model-function.ts';
import { readVersions } from '#adapters/aws/lambda/model-versions.ts';
import { modelOf } from '#domain/identity.ts';
import { mechanismOf } from '#domain/placement/target.ts';
import type { Clock } from '#ports/clock.ts';
import type { Metrics, TrafficSample } from '#ports/metrics.ts';
import { type Counter, LATE_MS, metricSums, minuteOf, PERIOD_MS } from './metric-sums.ts';

export type CloudWatchMetricsOptions = {
  readonly cloudWatch: CloudWatchClient;
  readonly lambda: LambdaClient;
  /** A model's function is named by this and the model. */
  readonly functionPrefix: string;
  /** Null where models run on Lambda alone. */
  readonly containers: {
    readonly elb: ElasticLoadBalancingV2Client;
    readonly front: ContainerFront;
  } | null;
  readonly clock: Clock;
};

const NOTHING: TrafficSample = { requests: 0, serverErrors: 0 };

const GROUP_COUNTS = [
  'RequestCount',
  'HTTPCode_Target_5XX_Count',
  'HTTPCode_Target_2XX_Count',
  'HTTPCode_Target_3XX_Count',
  'HTTPCode_Target_4XX_Count',
] as const;

// Longer than any bake.
const LONGEST_MS = 24 * 3_600_000;

/** What Lambda counts of the alias that clients reach, by the version that executed, or what the load balancer counts of a target group. */
export function cloudWatchMetrics(options: CloudWatchMetricsOptions): Metrics {
  const { cloudWatch, clock } = options;

  return {
    async traffic(ref, sinceMs) {
      const startMs = minuteOf(Math.max(sinceMs, clock.now() - LONGEST_MS));
      return mechanismOf(ref.target) === 'function'
        ? functionTraffic(options, ref.revision, startMs)
        : containerTraffic(options, ref.revision, startMs);
    },

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
 * An error of the function is what its server did not answer; what it answered with a 5xx, the server counts itself, in its log (runtimes/onnx/serving/server-errors.ts). A request that Lambda had no room for is in neither count, and no version executed it: it is of the alias, whichever version it was meant for.
 * https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
 */
async function functionTraffic(
  { cloudWatch, lambda, functionPrefix, clock }: CloudWatchMetricsOptions,
  revision: string,
  startMs: number,
): Promise<TrafficSample> {
  const functionName = functionPrefix + modelOf(revision);
  const version = (await readVersions(lambda, functionName)).numbers.get(revision);
  if (version === undefined) return NOTHING;
  const alias = { FunctionName: functionName, Resource: `${functionName}:${LIVE}` };
  const executed = { ...alias, ExecutedVersion: version };
  const counters: readonly Counter[] = [
    { namespace: 'AWS/Lambda', name: 'Invocations', dimensions: executed },
    { namespace: 'AWS/Lambda', name: 'Errors', dimensions: executed },
    { namespace: 'AWS/Lambda', name: 'Throttles', dimensions: alias },
    {
      namespace: 'Slipway',
      name: 'ServerErrors',
      dimensions: { FunctionName: functionName, ExecutedVersion: version },
    },
  ];
  const endMs = minuteOf(clock.now()) + PERIOD_MS;
  const sums = await metricSums(cloudWatch, counters, startMs, endMs);
  const [answered = 0, failed = 0, throttled = 0, refused = 0] = sums;
  // The server's own count also has what was asked of the version itself.
  const errors = Math.min(answered, failed + refused);
  return { requests: answered + throttled, serverErrors: errors + throttled };
}

/**
 * To a request that no target answered the load balancer answers itself (502, 504), and counts that of no target group: it is in `RequestCount` alone.
 * One whose client went away first is too. Only minutes whose counts are all there tell it from one whose answer is counted later.
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
  const [requests = 0, failed = 0] = await metricSums(
    cloudWatch,
    counters.slice(0, 2),
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
  return { requests, serverErrors: failed + Math.max(0, unanswered) };
}

/** Of those that there are. An alarm without data is one that does not ring. */
async function alarmStates(
  cloudWatch: CloudWatchClient,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const command = new DescribeAlarmsCommand({
    AlarmNames: [...names],
    // Without this, composite ones are left out.
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
