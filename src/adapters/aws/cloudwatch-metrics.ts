import { type CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import type { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import { mechanismOf } from '#domain/target.ts';
import type { Clock } from '#ports/clock.ts';
import type { Metrics } from '#ports/metrics.ts';
import { type ContainerFront, groupCounter } from './container-front.ts';
import { translated } from './failures.ts';
import { type Counter, metricSums, minuteOf, PERIOD_MS } from './metric-sums.ts';
import { LIVE, modelOf } from './model-function.ts';
import { readVersions } from './model-versions.ts';
import { targetGroupOf } from './target-group.ts';

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

// Longer than any bake.
const LONGEST_MS = 24 * 3_600_000;

/** What Lambda counts of the alias that clients reach, by the version that executed, or what the load balancer counts of a target group. */
export function cloudWatchMetrics(options: CloudWatchMetricsOptions): Metrics {
  const { cloudWatch, clock } = options;

  return {
    async traffic(ref, sinceMs) {
      const isFunction = mechanismOf(ref.target) === 'function';
      const counters = isFunction
        ? await functionCounters(options, ref.revision)
        : await containerCounters(options, ref.revision);
      const nowMs = clock.now();
      const startMs = minuteOf(Math.max(sinceMs, nowMs - LONGEST_MS));
      const endMs = minuteOf(nowMs) + PERIOD_MS;
      const [requests = 0, serverErrors = 0] = await metricSums(
        cloudWatch,
        counters,
        startMs,
        endMs,
      );
      return { requests, serverErrors };
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
 * A 5xx of the server is an error of the function.
 * https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
 */
async function functionCounters(
  { lambda, functionPrefix }: CloudWatchMetricsOptions,
  revision: string,
): Promise<readonly Counter[]> {
  const functionName = functionPrefix + modelOf(revision);
  const version = (await readVersions(lambda, functionName)).numbers.get(revision);
  if (version === undefined) return [];
  const dimensions = {
    FunctionName: functionName,
    Resource: `${functionName}:${LIVE}`,
    ExecutedVersion: version,
  };
  return ['Invocations', 'Errors'].map((name) => ({ namespace: 'AWS/Lambda', name, dimensions }));
}

async function containerCounters(
  { containers }: CloudWatchMetricsOptions,
  revision: string,
): Promise<readonly Counter[]> {
  if (!containers) return [];
  const { elb, front } = containers;
  const group = await targetGroupOf(elb, front.stage, revision);
  if (!group) return [];
  return [
    groupCounter(front, group.arn, 'RequestCount'),
    groupCounter(front, group.arn, 'HTTPCode_Target_5XX_Count'),
  ];
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
