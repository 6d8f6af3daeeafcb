import { DAY_MS, HOUR_MS } from '#domain/durations.ts';
import type { Demand } from './demand.ts';
import { HOURS_A_MONTH } from './spending.ts';
import type { Target } from './target.ts';

/** An hour in which a model was called: when it began (epoch ms), how many requests came, and how many came in its busiest minute. Hours without requests are absent. */
export type CalledHour = {
  readonly atMs: number;
  readonly requests: number;
  readonly busiestMinute: number;
};

/** When a version last went live, and the present (epoch ms); and its target, where there is one. */
type KnownSince = { readonly liveAtMs: number; readonly nowMs: number; readonly target?: Target };

/** The demand that a model had in the last `days`. A model that nobody called has 0 hours. */
export type Learnt = Pick<Demand, 'requestsPerSecond' | 'peak' | 'hours'> & {
  readonly days: number;
};

/** How far back requests count: each hour of the week twice. CloudWatch keeps minutes for 15 days. */
export const LEARNT_DAYS = 14;

const HOURS_A_WEEK = 168;
const WEEK_MS = HOURS_A_WEEK * HOUR_MS;
const TURNED_TIMES = 2;
const TURNED_SHARE = 0.75;
const LEAST_TURNED = 6;
// The nights belong to the demand too.
const LEAST_MS = DAY_MS;

/** From when (epoch ms) requests count. */
export function learntSince(nowMs: number): number {
  return nowMs - LEARNT_DAYS * DAY_MS;
}

/**
 * The demand of the called hours of the last 14 days, by the hour of the week: an hour of the week counts as called if it was called once, with its requests on average.
 * It is known since the first called hour, or since `liveAtMs` (epoch) if that is earlier; undefined where that is less than a day. On a function half a day is enough, and the rest of the day counts as quiet: more requests could only cost more there.
 * Where one of the last seven days is another than that of the week before, hour by hour, only it and the days after it count: see `hasTurned`.
 */
export function learntDemand(
  hours: readonly CalledHour[],
  { liveAtMs, nowMs, target }: KnownSince,
): Learnt | undefined {
  const { counted, knownMs } = knownHours(hours, { liveAtMs, nowMs });
  const least = target === 'lambda' ? LEAST_MS / 2 : LEAST_MS;
  if (nowMs - knownMs < least) return undefined;
  const turned = [0, 1, 2, 3, 4, 5, 6].find((ago) => {
    const endMs = nowMs - ago * DAY_MS;
    return endMs - DAY_MS - WEEK_MS >= knownMs && hasTurned(counted, endMs);
  });
  const wholeMs = Math.min(knownMs, nowMs - LEAST_MS);
  const fromMs = turned === undefined ? wholeMs : nowMs - (turned + 1) * DAY_MS;
  return demandSince(
    counted.filter(({ atMs }) => atMs >= hourOf(fromMs)),
    fromMs,
    nowMs,
  );
}

/** The called hours of the last 14 days, and since when (epoch ms) the requests of every hour are known. */
export function knownHours(
  hours: readonly CalledHour[],
  { liveAtMs, nowMs }: KnownSince,
): { readonly counted: readonly CalledHour[]; readonly knownMs: number } {
  const sinceMs = learntSince(nowMs);
  const counted = hours.filter(({ atMs, requests }) => atMs >= sinceMs && requests > 0);
  const firstMs = counted.reduce((least, { atMs }) => Math.min(least, atMs), liveAtMs);
  return { counted, knownMs: Math.max(sinceMs, firstMs) };
}

/** The demand of hours that are known from one moment to another (epoch ms). */
export function demandSince(
  counted: readonly CalledHour[],
  knownMs: number,
  nowMs: number,
): Learnt {
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

/**
 * Whether at least three in four hours of the day before `endMs` (epoch) had more than twice as many requests, or less than half as many, as the same hour a week before; all in the same direction, among the hours that had any, of which there have to be six.
 * One hour of many requests turns nothing, nor does a weekend.
 */
function hasTurned(counted: readonly CalledHour[], endMs: number): boolean {
  const byHour = new Map(counted.map(({ atMs, requests }) => [hourOf(atMs), requests]));
  const pairs = Array.from({ length: 24 }, (_, index) => {
    const atMs = hourOf(endMs) - (index + 1) * HOUR_MS;
    return [byHour.get(atMs - WEEK_MS) ?? 0, byHour.get(atMs) ?? 0] as const;
  }).filter(([before, after]) => before + after > 0);
  const least = Math.max(LEAST_TURNED, pairs.length * TURNED_SHARE);
  const more = pairs.filter(([before, after]) => after > before * TURNED_TIMES).length;
  const less = pairs.filter(([before, after]) => before > after * TURNED_TIMES).length;
  return more >= least || less >= least;
}

/** When the hour of a moment began; both are epoch ms. */
export function hourOf(ms: number): number {
  return ms - (ms % HOUR_MS);
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
