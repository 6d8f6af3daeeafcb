import type { Demand } from './demand.ts';
import { HOURS_A_MONTH } from './spending.ts';

/** An hour in which a model was called: when it began (epoch ms), how many requests came, and how many came in its busiest minute. Hours without requests are absent. */
export type CalledHour = {
  readonly atMs: number;
  readonly requests: number;
  readonly busiestMinute: number;
};

/** The demand that a model had in the last `days`. A model that nobody called has 0 hours. */
export type Learnt = Pick<Demand, 'requestsPerSecond' | 'peak' | 'hours'> & {
  readonly days: number;
};

/** How far back requests count: each hour of the week twice. CloudWatch keeps minutes for 15 days. */
export const LEARNT_DAYS = 14;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const HOURS_A_WEEK = 168;
// The nights belong to the demand too.
const LEAST_MS = DAY_MS;

/** From when (epoch ms) requests count. */
export function learntSince(nowMs: number): number {
  return nowMs - LEARNT_DAYS * DAY_MS;
}

/**
 * The demand of the called hours of the last 14 days, by the hour of the week: an hour of the week counts as called if it was called once, with its requests on average.
 * It is known since the first called hour, or since `liveAtMs` (epoch) if that is earlier; undefined where that is less than a day.
 */
export function learntDemand(
  hours: readonly CalledHour[],
  { liveAtMs, nowMs }: { readonly liveAtMs: number; readonly nowMs: number },
): Learnt | undefined {
  const sinceMs = learntSince(nowMs);
  const counted = hours.filter(({ atMs, requests }) => atMs >= sinceMs && requests > 0);
  const knownMs = Math.max(sinceMs, Math.min(liveAtMs, ...counted.map(({ atMs }) => atMs)));
  if (nowMs - knownMs < LEAST_MS) return undefined;
  const knownHours = (nowMs - knownMs) / HOUR_MS;
  const weeks = Math.max(1, knownHours / HOURS_A_WEEK);
  const slots = new Set(counted.map(({ atMs }) => Math.floor(atMs / HOUR_MS) % HOURS_A_WEEK));
  const requests = counted.reduce((sum, hour) => sum + hour.requests, 0);
  const perSecond = slots.size === 0 ? 0 : requests / (slots.size * weeks * 3600);
  const busiest = Math.max(0, ...counted.map(({ busiestMinute }) => busiestMinute)) / 60;
  return {
    requestsPerSecond: rounded(perSecond),
    peak: rounded(Math.max(perSecond, busiest)),
    hours: rounded(HOURS_A_MONTH * Math.min(1, slots.size / Math.min(HOURS_A_WEEK, knownHours))),
    days: Math.round((nowMs - knownMs) / DAY_MS),
  };
}

/** More digits would say more than fourteen days know. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** The demand with what a model got; the limits on its answers are those that were asked for. */
export function withLearnt(
  { p95Ms, coldStarts }: Demand,
  { requestsPerSecond, peak, hours }: Learnt,
): Demand {
  return { requestsPerSecond, peak, p95Ms, coldStarts, hours };
}
