import { HOUR_MS } from '#domain/durations.ts';
import type { Demand, PlacedOption, Question } from './demand.ts';
import type { CalledHour } from './learnt.ts';
import { optionAt, rankedOptions, tieredUse } from './optimize.ts';
import { HOURS_A_MONTH } from './spending.ts';
import { averagedOver, firstTiers } from './tiers.ts';
import { SHIPPED_PRICES } from './unit-prices.ts';

/** An option with the bill of counted hours, scaled to a month of 730 (USD): its own part, and in all. */
export type Replayed = PlacedOption & {
  readonly replayedOwnUsd: number;
  readonly replayedUsd: number;
};

/**
 * Runs the counted hours from `sinceMs` to `nowMs` (epoch) against every option for a demand, the cheapest that keeps all limits first: each hour with its own requests and busiest minute, and the hours between them without any.
 * The bill of a month is that of the hours, in proportion, by the tiers that the requests of all hours reach.
 */
export function replay(
  question: Question,
  hours: readonly CalledHour[],
  { sinceMs, nowMs }: { readonly sinceMs: number; readonly nowMs: number },
): readonly Replayed[] {
  const known = replayedHours(hours, { sinceMs, nowMs });
  const scale = HOURS_A_MONTH / known;
  const { prices = SHIPPED_PRICES } = question;
  const requests = hours.reduce((sum, hour) => sum + hour.requests, 0);
  const mean = hourAs(question, { ...QUIET, requests: requests / known });
  return rankedOptions(question)
    .map((option) => {
      const averaged = { ...question, prices: averagedOver(prices, tieredUse(mean, option)) };
      const { ownUsd, usd } = billedHours(averaged, option, hours, known);
      return { ...option, replayedOwnUsd: ownUsd * scale, replayedUsd: usd * scale };
    })
    .toSorted(
      (one, other) =>
        Number(one.refusals.length > 0) - Number(other.refusals.length > 0) ||
        one.replayedUsd - other.replayedUsd,
    );
}

/** How many hours are billed: a counted hour that has just begun is billed as a whole one. */
export function replayedHours(
  hours: readonly CalledHour[],
  { sinceMs, nowMs }: { readonly sinceMs: number; readonly nowMs: number },
): number {
  return Math.max(hours.length, (nowMs - sinceMs) / HOUR_MS);
}

/** The bill (USD) of an option for so many hours, of which these were counted: each by its own requests and busiest minute, and the others without any. A price that has tiers is that of the first. */
export function billedHours(
  question: Question,
  option: PlacedOption,
  counted: readonly CalledHour[],
  hours: number,
): Pick<PlacedOption, 'usd' | 'ownUsd'> {
  // An hour is billed as a month of such, which may reach tiers that the real one does not.
  const prices = firstTiers(question.prices ?? SHIPPED_PRICES);
  const bill = (hour: CalledHour) => hourly({ ...question, prices }, option, hour);
  const bills = counted.map(bill);
  const quiet = Math.max(0, hours - counted.length) * bill(QUIET).ownUsd;
  return {
    ownUsd: bills.reduce((sum, bill) => sum + bill.ownUsd, quiet),
    usd: bills.reduce((sum, bill) => sum + bill.usd, quiet),
  };
}

const QUIET: CalledHour = { atMs: 0, requests: 0, busiestMinute: 0 };

/** The bill of one such hour (USD): that of a month of them, by the hour. */
function hourly(
  question: Question,
  option: PlacedOption,
  hour: CalledHour,
): Pick<PlacedOption, 'usd' | 'ownUsd'> {
  const { usd, ownUsd } = optionAt(hourAs(question, hour), option);
  return { usd: usd / HOURS_A_MONTH, ownUsd: ownUsd / HOURS_A_MONTH };
}

/** The question for a month of such hours. */
function hourAs(question: Question, { requests, busiestMinute }: CalledHour): Question {
  const requestsPerSecond = requests / 3600;
  const peak = Math.max(requestsPerSecond, busiestMinute / 60);
  const demand: Demand = { ...question.demand, requestsPerSecond, peak, hours: HOURS_A_MONTH };
  return { ...question, demand };
}
