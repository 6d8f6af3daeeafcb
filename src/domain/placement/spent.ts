import { HOUR_MS } from '#domain/durations.ts';
import type { Overspent } from '#domain/manifest/manifest.ts';
import { callLogUsd, unitUsd } from './cost.ts';
import type { PlacedOption, Question } from './demand.ts';
import { type CalledHour, hourOf } from './learnt.ts';
import type { Unmetered } from './metered.ts';
import { optionAt, requestMsOn } from './optimize.ts';
import { billedHours } from './replay.ts';
import type { ReplicaLimits } from './scale.ts';
import { HOURS_A_MONTH, type Spent } from './spending.ts';
import { SHIPPED_PRICES } from './unit-prices.ts';

/** A live version as the meter sees it: its own option, the counted hours, and since when it is live (epoch). */
export type Metered = {
  readonly question: Question;
  readonly now: PlacedOption;
  readonly hours: readonly CalledHour[];
  readonly liveAtMs: number;
  readonly nowMs: number;
};

// CloudWatch may take some minutes to count a request.
const LATE_MS = 5 * 60_000;
/** How far two looks are apart (ms). */
export const METERING_MS = 15 * 60_000;
// Replicas run on until the next look can limit them, and counts are late.
const EXPOSED_HOURS = (METERING_MS + LATE_MS) / HOUR_MS;
// A limit that is twenty times what the busiest minute needed protects little, and on Lambda it takes executions from other functions.
const FAR = 20;
// A pace that little was spent at says little about a month.
const PACED_FROM = 0.5;

/** From when (epoch ms) requests count that are not in the sum yet. */
export function meteredSince(
  known: Spent | undefined,
  { liveAtMs, nowMs }: Pick<Metered, 'liveAtMs' | 'nowMs'>,
): number {
  const beganMs = monthOf(nowMs).beganMs;
  if (known && known.month === monthOf(nowMs).name) return known.untilMs;
  // The version before it was metered until the month ended.
  return known ? beganMs : Math.max(beganMs, hourOf(liveAtMs));
}

/** Whether an hour has ended that is not in the sum yet. */
export function isBehind(known: Spent | undefined, nowMs: number): boolean {
  return known?.month !== monthOf(nowMs).name || known.untilMs < hourOf(nowMs - LATE_MS);
}

/** The sum of a model whose live version is not metered: what others have cost before it in this month. */
export function unmeteredAt(
  known: Spent | undefined,
  { unmetered, maxMonthlyUsd, nowMs }: Unmetered & Pick<Cap, 'maxMonthlyUsd'> & { nowMs: number },
): Spent {
  const { name } = monthOf(nowMs);
  const { usd, peak } = known?.month === name ? known : { usd: 0, peak: 0 };
  const isOver = maxMonthlyUsd !== null && usd >= maxMonthlyUsd;
  const cap = maxMonthlyUsd === null ? {} : { maxMonthlyUsd };
  return { month: name, usd, untilMs: hourOf(nowMs), peak, isOver, most: null, ...cap, unmetered };
}

/**
 * Adds what was counted since the last look, and answers by the rule of the manifest. `nowUsd` also has the hour that has not ended.
 * Under `fewer` a model may have as many replicas as cannot spend the rest of the cap before the next look; and from half of the cap on, where its pace would pass the cap, as many as the rest pays for until the month ends.
 * It keeps the `least`: a function may come to none at all.
 */
export function spend(
  known: Spent | undefined,
  metered: Metered,
  { rule, maxMonthlyUsd, least }: Cap,
): { readonly spent: Spent; readonly nowUsd: number } {
  const { question, now, hours, nowMs } = metered;
  const { name, beganMs, endsMs } = monthOf(nowMs);
  const fromMs = meteredSince(known, metered);
  const untilMs = Math.max(fromMs, hourOf(nowMs - LATE_MS));
  const counted = hours.filter(({ atMs }) => atMs >= fromMs);
  const whole = counted.filter(({ atMs }) => atMs < untilMs);
  const begun = counted.filter(({ atMs }) => atMs >= untilMs);
  const before = known?.month === name ? known.usd : 0;
  const usd = before + billedHours(question, now, whole, (untilMs - fromMs) / HOUR_MS).ownUsd;
  const nowUsd = usd + billedHours(question, now, begun, (nowMs - untilMs) / HOUR_MS).ownUsd;
  const pace = nowUsd / Math.max(1, (nowMs - beganMs) / HOUR_MS);
  const busiest = counted.map(({ busiestMinute }) => busiestMinute / 60);
  const peak = Math.max(known?.month === name ? known.peak : 0, ...busiest);
  const sum = { month: name, usd, untilMs, peak };
  if (maxMonthlyUsd === null) return { spent: { ...sum, isOver: false, most: null }, nowUsd };
  const isOver = nowUsd >= maxMonthlyUsd;
  const most =
    rule === 'fewer'
      ? mostReplicas(metered, {
          least,
          peak,
          restUsd: maxMonthlyUsd - nowUsd,
          restHours: (endsMs - nowMs) / HOUR_MS,
          isPaced: nowUsd >= maxMonthlyUsd * PACED_FROM,
          pace,
        })
      : null;
  return { spent: { ...sum, isOver, most, maxMonthlyUsd }, nowUsd };
}

/** The cap of a month in USD (null for none), how the manifest answers it, and how many replicas are always left. */
export type Cap = {
  readonly rule: Overspent;
  readonly maxMonthlyUsd: number | null;
  readonly least: 0 | 1;
};

type Rest = {
  readonly least: 0 | 1;
  readonly peak: number;
  readonly restUsd: number;
  readonly restHours: number;
  readonly isPaced: boolean;
  /** USD an hour. */
  readonly pace: number;
};

function mostReplicas(
  { question, now }: Metered,
  { least, peak, restUsd, restHours, isPaced, pace }: Rest,
): number | null {
  const { fixed, each } = fullHour(question, now);
  const within = (forHours: number) =>
    Math.floor(Math.max(0, restUsd - fixed * forHours) / (each * forHours));
  const safe = within(EXPOSED_HOURS);
  const passes = isPaced && pace * restHours > restUsd;
  const most = passes ? Math.min(safe, Math.max(1, within(restHours))) : safe;
  const expected = Math.max(peak, question.demand.peak);
  const used = Math.max(1, Math.ceil(expected * (requestMsOn(question, now) / 1000)), now.replicas);
  if (most >= used * FAR) return null;
  return Math.max(least, most);
}

/** The cost of an hour (USD) whatever runs, and what each replica adds that is busy all the time. */
function fullHour(
  question: Question,
  now: PlacedOption,
): { readonly fixed: number; readonly each: number } {
  const prices = question.prices ?? SHIPPED_PRICES;
  const { usd } = prices;
  const perHour = HOUR_MS / requestMsOn(question, now);
  if (now.target === 'lambda') {
    const second = (now.memoryMiB / 1024) * usd.lambdaX86GBSecond;
    return {
      fixed: 0,
      each: 3600 * second + perHour * (usd.lambdaRequest + callLogUsd(prices, 0)),
    };
  }
  const demand = { ...question.demand, requestsPerSecond: 0, peak: 0, hours: HOURS_A_MONTH };
  const limits = { ...question.limits, leastReplicas: 1 };
  const { ownUsd } = optionAt({ ...question, demand, limits }, now);
  const fixed = usd.loadBalancerHour;
  return { fixed, each: ownUsd / HOURS_A_MONTH - fixed + perHour * unitUsd(prices) };
}

/** The limits of a version that may have at most so many replicas; at least one runs in containers. */
export function limitedTo({ min, max }: ReplicaLimits, most: number | null): ReplicaLimits {
  if (most === null) return { min, max };
  return { min: Math.min(min, most), max: Math.min(max, most) };
}

/** The cost of a model in the month of a moment (epoch ms); undefined where nobody has added it up yet. */
export function spentAt(spent: Spent | undefined, nowMs: number): Spent | undefined {
  return spent?.month === monthOf(nowMs).name ? spent : undefined;
}

/** Whether a model's cap has been reached in the month of a moment (epoch ms). */
export function isOverAt(spent: Spent | undefined, nowMs: number): boolean {
  return spentAt(spent, nowMs)?.isOver ?? false;
}

/** AWS's billing periods begin at 00:00 UTC. https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_payments_BillingPeriod.html */
function monthOf(nowMs: number) {
  const now = new Date(nowMs);
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()];
  return {
    name: now.toISOString().slice(0, 7),
    beganMs: Date.UTC(year, month, 1),
    endsMs: Date.UTC(year, month + 1, 1),
  };
}
