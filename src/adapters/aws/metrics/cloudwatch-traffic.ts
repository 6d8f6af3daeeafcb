import { groupCounter } from '#adapters/aws/ecs/container-front.ts';
import { targetGroupOf } from '#adapters/aws/ecs/target-group.ts';
import { knownVersions } from '#adapters/aws/lambda/model-versions.ts';
import { type Counter, metricSeries, minuteOf, PERIOD_MS } from '#adapters/aws/logs/metric-sums.ts';
import type { Traffic } from '#control/models.ts';
import { modelOf } from '#domain/identity.ts';
import { mechanismOf } from '#domain/placement/target.ts';
import type { MadeRevision } from '#ports/metrics.ts';
import type { CloudWatchMetricsOptions } from './cloudwatch-metrics.ts';
import { functionCounters } from './function-counters.ts';

type History = Pick<Traffic, 'everySeconds' | 'nowMs' | 'points'>;

/** The counters of a revision; `toMs` turns its times into milliseconds. */
type Counters = {
  readonly requests: Counter;
  readonly errors: readonly Counter[];
  readonly time: Counter;
  readonly toMs: number;
};

type Minutes = ReadonlyMap<number, number>;

/** How the requests of revisions went in the last minutes, by the minute; the share of each is its part of the requests that all of them had in that minute. */
export async function cloudWatchTraffic(
  options: CloudWatchMetricsOptions,
  revisions: readonly MadeRevision[],
  minutes: number,
): Promise<History> {
  const nowMs = options.clock.now();
  const found = await Promise.all(revisions.map((each) => countersOf(options, each)));
  const known = revisions.flatMap(({ revision }, index) => {
    const counters = found[index];
    return counters ? [{ revision, ...counters }] : [];
  });
  const asked = known.flatMap(({ requests, errors, time }) => [
    requests,
    ...errors,
    { ...time, statistic: 'p50' } as const,
    { ...time, statistic: 'p99' } as const,
  ]);
  const startMs = minuteOf(nowMs - minutes * PERIOD_MS);
  const series = [
    ...(await metricSeries(options.cloudWatch, asked, startMs, minuteOf(nowMs) + PERIOD_MS)),
  ];
  const counted = known.map(({ revision, errors, toMs }) => {
    const [requests = new Map(), ...others] = series.splice(0, errors.length + 3);
    return { revision, toMs, requests, others } as const;
  });
  const together = (atMs: number) =>
    counted.reduce((sum, { requests }) => sum + (requests.get(atMs) ?? 0), 0);
  const points = counted
    .flatMap((each) => pointsOf(each, together))
    .toSorted((one, other) => one.atMs - other.atMs);
  return { everySeconds: PERIOD_MS / 1000, nowMs, points };
}

type Counted = {
  readonly revision: string;
  readonly toMs: number;
  readonly requests: Minutes;
  /** Its errors, then its times by percentile. */
  readonly others: readonly Minutes[];
};

function pointsOf(
  { revision, toMs, requests, others }: Counted,
  together: (atMs: number) => number,
): Traffic['points'] {
  const [p50, p99] = others.slice(-2);
  const time = (values: Minutes | undefined, atMs: number) => {
    const value = values?.get(atMs);
    return value === undefined ? null : value * toMs;
  };
  return [...requests].map(([atMs, count]) => ({
    revision,
    atMs,
    requests: count,
    errors: Math.min(
      count,
      others.slice(0, -2).reduce((sum, errors) => sum + (errors.get(atMs) ?? 0), 0),
    ),
    p50Ms: time(p50, atMs),
    p99Ms: time(p99, atMs),
    share: Math.round((100 * count) / Math.max(1, together(atMs))),
    memoryMiB: null,
  }));
}

/** Undefined for a revision that is not there any more. */
async function countersOf(
  { lambda, functionPrefix, containers }: CloudWatchMetricsOptions,
  ref: MadeRevision,
): Promise<Counters | undefined> {
  const { revision, madeBy } = ref;
  const mechanism = mechanismOf(ref);
  if (mechanism === 'container') {
    const group =
      containers && (await targetGroupOf(containers.elb, containers.front.stage, revision));
    if (!group) return undefined;
    const counter = (name: Parameters<typeof groupCounter>[2]) =>
      groupCounter(containers.front, group.arn, name);
    return {
      requests: counter('RequestCount'),
      errors: [counter('HTTPCode_Target_5XX_Count')],
      time: counter('TargetResponseTime'),
      toMs: 1000,
    };
  }
  const functionName = functionPrefix + modelOf(revision);
  const version = await knownVersions(lambda).number(functionName, revision);
  if (version === undefined) return undefined;
  const { ofVersion, ofServer } = functionCounters({
    functionName,
    version,
    kind: mechanism,
    madeBy,
  });
  return {
    requests: ofVersion('Invocations'),
    errors: [ofVersion('Errors'), ofServer('ServerErrors')],
    time: ofVersion('Duration'),
    toMs: 1,
  };
}
