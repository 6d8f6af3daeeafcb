import { type Ahead, HALF_HOURS, HALVES_AHEAD } from './ahead.ts';
import type { Limits, PlacedOption, Question } from './demand.ts';
import { withLearnt } from './learnt.ts';
import { cheapest, optionAt } from './optimize.ts';
import { HOURS_A_MONTH } from './spending.ts';
import { firstTiers } from './tiers.ts';
import { SHIPPED_PRICES } from './unit-prices.ts';
import { savesEnough } from './worth-moving.ts';

/** A stay on an option, from a half-day (0 is the next) to another (exclusive). */
export type Stay = { readonly option: PlacedOption; readonly from: number; readonly to: number };

/** The cheapest way through the coming week from a moment on (epoch ms), and its bill with the moves, beside that of staying (USD a week). The days are those of `everyDays` before. */
export type Plan = Pick<Ahead, 'everyDays' | 'beginsMs'> & {
  readonly stays: readonly Stay[];
  readonly usd: number;
  readonly stayingUsd: number;
};

/** The option that runs now with its own limits, and the question for the others. */
type Planned = {
  readonly now: PlacedOption;
  readonly limits: Limits;
  readonly question: Question;
};

type Way = { readonly usd: number; readonly stays: readonly Stay[] };

const MONTHS = HALF_HOURS / HOURS_A_MONTH;
// A new version has to be worth its trouble for a day.
const LEAST_HALVES = 2;
// More than a deployment without a build costs. Besides, both versions run for an hour.
const MOVE_USD = 0.1;

/**
 * The cheapest way through the coming week for a version that runs on `now`, within limits of its own: it may move to another option for a day at least, where that saves a tenth and $5 a month over the stay, and pays for the move.
 * Undefined where no way keeps the limits.
 */
export function planAhead({ now, limits, question }: Planned, ahead: Ahead): Plan | undefined {
  const asked = (from: number, to: number): Question => ({
    ...question,
    demand: withLearnt(question.demand, ahead.demand(from, to)),
  });
  const halves = Array.from({ length: HALVES_AHEAD }, (_, half) => asked(half, half + 1));
  const others = [...halves.map(cheapest), cheapest(asked(0, HALVES_AHEAD))];
  const options = [now, ...distinct(others.flatMap((option) => option ?? []))];
  const bills = options.map((option) => {
    const own = option === now ? { limits } : {};
    const each = halves.map((half) => billOf({ ...half, ...own }, option));
    return (from: number, to: number) => each.slice(from, to).reduce((sum, usd) => sum + usd, 0);
  });
  // The cheapest ways that end a stay after so many half-days, by its option.
  const ways: (readonly (Way | undefined)[])[] = [
    options.map((_, option) => (option === 0 ? { usd: 0, stays: [] } : undefined)),
  ];
  for (let to = 1; to <= HALVES_AHEAD; to += 1) {
    ways.push(
      options.map((option, index) => {
        const bill = bills[index] ?? (() => Number.NaN);
        const stayed: Way[] =
          index === 0 ? [{ usd: bill(0, to), stays: [{ option, from: 0, to }] }] : [];
        for (let from = 0; from < to; from += 1) {
          if (to - from < LEAST_HALVES && to < HALVES_AHEAD) continue;
          const both = bill(from, from + 1) / HALF_HOURS;
          for (const [other, way] of (ways[from] ?? []).entries()) {
            if (!way || other === index) continue;
            const [kept, usd] = [bills[other]?.(from, to) ?? 0, bill(from, to)];
            if (!savesEnough(kept, usd, (to - from) * MONTHS)) continue;
            const stays = [...way.stays, { option, from, to }];
            stayed.push({ usd: way.usd + MOVE_USD + both + usd, stays });
          }
        }
        return least(stayed);
      }),
    );
  }
  const best = least((ways[HALVES_AHEAD] ?? []).flatMap((way) => way ?? []));
  if (!best || !Number.isFinite(best.usd)) return undefined;
  const { everyDays, beginsMs } = ahead;
  return { ...best, everyDays, beginsMs, stayingUsd: bills[0]?.(0, HALVES_AHEAD) ?? 0 };
}

/** Whether a plan saves enough for a person to let a version move there and back. */
export function isWorthFollowing({ stays, usd, stayingUsd }: Plan): boolean {
  return stays.length > 1 && savesEnough(stayingUsd, usd, HALVES_AHEAD * MONTHS);
}

function least(ways: readonly Way[]): Way | undefined {
  return ways.reduce<Way | undefined>(
    (one, other) => (one && one.usd <= other.usd ? one : other),
    undefined,
  );
}

/** The own bill of a half-day (USD), which is priced as a month of such: it may reach tiers that the real one does not. Infinite where the option breaks a limit then. */
function billOf(question: Question, option: PlacedOption): number {
  const prices = firstTiers(question.prices ?? SHIPPED_PRICES);
  const { ownUsd, refusals } = optionAt({ ...question, prices }, option);
  return refusals.length > 0 ? Number.POSITIVE_INFINITY : ownUsd * MONTHS;
}

/** One of each size, the first ones. */
function distinct(options: readonly PlacedOption[]): readonly PlacedOption[] {
  const isAlike = (one: PlacedOption, other: PlacedOption) =>
    SIZE.every((key) => one[key] === other[key]) &&
    one.instanceTypes?.[0] === other.instanceTypes?.[0];
  return options.filter((one, index) => options.findIndex((each) => isAlike(one, each)) === index);
}

const SIZE = ['target', 'isSpot', 'memoryMiB', 'vcpus'] as const;
