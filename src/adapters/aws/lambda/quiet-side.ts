import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import {
  type Counter,
  LATE_MS,
  metricSums,
  minuteOf,
  PERIOD_MS,
} from '#adapters/aws/logs/metric-sums.ts';
import type { Clock } from '#ports/clock.ts';

export type QuietSideOptions = { readonly cloudWatch: CloudWatchClient; readonly clock: Clock };

const QUIET_MS = 2 * PERIOD_MS;

/** Why a side that was left at `leftAtMs` may still have client traffic; undefined after two whole minutes without any. */
export async function unquiet(
  { cloudWatch, clock }: QuietSideOptions,
  counters: readonly Counter[],
  leftAtMs: number,
): Promise<string | undefined> {
  const nowMs = clock.now();
  const startMs = minuteOf(nowMs - LATE_MS) - QUIET_MS;
  if (startMs < leftAtMs) {
    const seconds = Math.ceil((leftAtMs - startMs) / 1000);
    return `the way that was left is quiet in ${seconds} s at the earliest`;
  }
  const sums = await metricSums(cloudWatch, counters, startMs, minuteOf(nowMs) + PERIOD_MS);
  const requests = sums.reduce((sum, count) => sum + count, 0);
  return requests > 0 ? `${requests} requests still came by the way that was left` : undefined;
}
