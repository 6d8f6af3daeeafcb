import {
  type CloudWatchClient,
  type MetricDataQuery,
  paginateGetMetricData,
} from '@aws-sdk/client-cloudwatch';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { Clock } from '#ports/clock.ts';
import type { Metrics } from '#ports/metrics.ts';
import { translated } from './failures.ts';
import { LIVE, modelOf } from './model-function.ts';
import { readVersions } from './model-versions.ts';

export type CloudWatchMetricsOptions = {
  readonly cloudWatch: CloudWatchClient;
  readonly lambda: LambdaClient;
  /** A model's function is named by this and the model. */
  readonly functionPrefix: string;
  readonly clock: Clock;
};

const PERIOD_SECONDS = 60;
const PERIOD_MS = PERIOD_SECONDS * 1000;

// Longer than any bake.
const LONGEST_MS = 24 * 3_600_000;

/**
 * What Lambda counts of the alias that clients reach, by the version that executed: a 5xx of the server is an error of the function.
 * https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
 */
export function cloudWatchMetrics({
  cloudWatch,
  lambda,
  functionPrefix,
  clock,
}: CloudWatchMetricsOptions): Metrics {
  async function sum(
    queries: MetricDataQuery[],
    startMs: number,
    endMs: number,
  ): Promise<ReadonlyMap<string, number>> {
    const sums = new Map<string, number>();
    const input = {
      MetricDataQueries: queries,
      StartTime: new Date(startMs),
      EndTime: new Date(endMs),
    };
    for await (const page of paginateGetMetricData({ client: cloudWatch }, input)) {
      for (const { Id = '', Values = [] } of page.MetricDataResults ?? []) {
        const total = Values.reduce((so, value) => so + value, sums.get(Id) ?? 0);
        sums.set(Id, total);
      }
    }
    return sums;
  }

  return {
    async traffic(revision, sinceMs) {
      const functionName = functionPrefix + modelOf(revision);
      const version = (await readVersions(lambda, functionName)).numbers.get(revision);
      if (version === undefined) return { requests: 0, serverErrors: 0 };
      const nowMs = clock.now();
      const startMs = minuteOf(Math.max(sinceMs, nowMs - LONGEST_MS));
      const queries = [
        query('requests', 'Invocations', functionName, version),
        query('errors', 'Errors', functionName, version),
      ];
      const endMs = minuteOf(nowMs) + PERIOD_MS;
      const sums = await translated(() => sum(queries, startMs, endMs));
      return { requests: sums.get('requests') ?? 0, serverErrors: sums.get('errors') ?? 0 };
    },
  };
}

function minuteOf(timeMs: number): number {
  return timeMs - (timeMs % PERIOD_MS);
}

function query(
  Id: string,
  MetricName: string,
  functionName: string,
  version: string,
): MetricDataQuery {
  const Dimensions = [
    { Name: 'FunctionName', Value: functionName },
    { Name: 'Resource', Value: `${functionName}:${LIVE}` },
    { Name: 'ExecutedVersion', Value: version },
  ];
  const Metric = { Namespace: 'AWS/Lambda', MetricName, Dimensions };
  return { Id, MetricStat: { Metric, Period: PERIOD_SECONDS, Stat: 'Sum' } };
}
