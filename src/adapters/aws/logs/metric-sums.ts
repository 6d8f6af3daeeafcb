import {
  type CloudWatchClient,
  type MetricDataQuery,
  paginateGetMetricData,
} from '@aws-sdk/client-cloudwatch';
import { translated } from '#adapters/aws/failures.ts';

/** A CloudWatch counter with its dimensions. */
export type Counter = {
  readonly namespace: 'AWS/Lambda' | 'AWS/ApplicationELB' | 'Slipway';
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  /** `SampleCount`: how many values there were; `p50` and `p99`: their percentiles; by default their sum. */
  readonly statistic?: 'Sum' | 'SampleCount' | 'p50' | 'p99';
};

const PERIOD_SECONDS = 60;

/** The period of AWS's metrics: a minute. */
export const PERIOD_MS = PERIOD_SECONDS * 1000;

/** A count has arrived this long after its minute has ended. */
export const LATE_MS = PERIOD_MS;

/** The minute that contains a time. */
export function minuteOf(timeMs: number): number {
  return timeMs - (timeMs % PERIOD_MS);
}

/** Each counter's sum from one minute to another (exclusive), as far as the counts have arrived, in the counters' order. */
export async function metricSums(
  cloudWatch: CloudWatchClient,
  counters: readonly Counter[],
  startMs: number,
  endMs: number,
): Promise<readonly number[]> {
  const series = await metricSeries(cloudWatch, counters, startMs, endMs);
  return series.map((values) => [...values.values()].reduce((sum, value) => sum + value, 0));
}

/** Each counter's value of each minute that has one, by the minute's begin (epoch, milliseconds), in the counters' order; at most 500 counters. */
export async function metricSeries(
  cloudWatch: CloudWatchClient,
  counters: readonly Counter[],
  startMs: number,
  endMs: number,
): Promise<readonly ReadonlyMap<number, number>[]> {
  const series = counters.map(() => new Map<number, number>());
  if (counters.length === 0 || startMs >= endMs) return series;
  const input = {
    MetricDataQueries: counters.map(query),
    StartTime: new Date(startMs),
    EndTime: new Date(endMs),
  };
  await translated(async () => {
    for await (const page of paginateGetMetricData({ client: cloudWatch }, input)) {
      for (const { Id = '', Timestamps = [], Values = [] } of page.MetricDataResults ?? []) {
        const values = series[Number(Id.slice(1))];
        Values.forEach((value, index) => {
          values?.set(Timestamps[index]?.getTime() ?? 0, value);
        });
      }
    }
  });
  return series;
}

function query(
  { namespace, name, dimensions, statistic = 'Sum' }: Counter,
  index: number,
): MetricDataQuery {
  const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
  const Metric = { Namespace: namespace, MetricName: name, Dimensions };
  return { Id: `c${index}`, MetricStat: { Metric, Period: PERIOD_SECONDS, Stat: statistic } };
}
