import { DAY_MS, HOUR_MS } from '#domain/durations.ts';
import { type CalledHour, demandSince, hourOf, knownHours, type Learnt } from './learnt.ts';

/**
 * The demand of the coming week by half-days, where the last days came as those before them: `everyDays` later (1 to 7). It begins at `beginsMs` (epoch).
 * `demand` answers what the half-days from one (0 is the next) to another (exclusive, 14 at most) will get.
 */
export type Ahead = {
  readonly everyDays: number;
  readonly beginsMs: number;
  demand(from: number, to: number): Learnt;
};

/** The hours of a half-day. */
export const HALF_HOURS = 12;
/** How many half-days are looked ahead: a week. */
export const HALVES_AHEAD = 14;

const HALF_MS = HALF_HOURS * HOUR_MS;
const WEEK = 7;
// A week first: of two that are as good, it is the more likely one.
const PERIODS = [WEEK, 6, 5, 4, 3, 2, 1];
// A week is known to be one when its five working days have come again. Other periods are rare, and a week looks like one of them for five days.
const LEAST_WORKING_DAYS = 5;
// The share of the requests that came at another time. A week is so likely that it may be noisier.
const MOST_ERROR_OF_WEEK = 0.2;
const MOST_ERROR = 0.1;
const MOST_OF_LAST_DAY = 0.5;

/**
 * Looks for the number of days after which a demand comes again: each of the last seven days has to be as the one so many days before, by its half-days. For a week, five days are enough, and one of them may be another, such as a holiday. The last one has to be so too, since a demand that has just turned does not go on as before.
 * Undefined where no number of days does that, and where less is known.
 */
export function demandAhead(
  hours: readonly CalledHour[],
  { liveAtMs, nowMs }: { readonly liveAtMs: number; readonly nowMs: number },
): Ahead | undefined {
  // The present hour is not over.
  const endMs = hourOf(nowMs);
  const { counted, knownMs } = knownHours(hours, { liveAtMs, nowMs });
  const days = Math.floor((endMs - knownMs) / DAY_MS);
  const halves = halfDays(counted, endMs);
  const [best] = PERIODS.filter((every) => days - every >= leastDays(every))
    .map((every) => ({ every, ...compared(halves, every, days) }))
    .filter(({ every, error }) => error <= (every === WEEK ? MOST_ERROR_OF_WEEK : MOST_ERROR))
    .toSorted((one, other) => one.error - other.error);
  return best && aheadBy(best.every, usualHours(counted, best, { halves, endMs }), endMs);
}

function leastDays(every: number): number {
  return every === WEEK ? LEAST_WORKING_DAYS : WEEK;
}

/** The requests of each half-day, the last one first. */
function halfDays(counted: readonly CalledHour[], endMs: number): readonly number[] {
  const sums = Array.from({ length: 2 * WEEK + HALVES_AHEAD }, () => 0);
  for (const { atMs, requests } of counted) {
    const ago = Math.floor((endMs - 1 - atMs) / HALF_MS);
    sums[ago] = (sums[ago] ?? 0) + requests;
  }
  return sums;
}

type Compared = {
  readonly error: number;
  /** How many days ago one was that is left out. */
  readonly odd?: number | undefined;
};

/** The share of the requests by which the last days differ from those so many days before, in a week without the day that differs most; 1 where the last day alone is another. */
function compared(halves: readonly number[], every: number, known: number): Compared {
  const length = Math.min(WEEK, known - every);
  const days = Array.from({ length }, (_, ago) => {
    const pairs = [2 * ago, 2 * ago + 1].map(
      (half) => [halves[half] ?? 0, halves[half + 2 * every] ?? 0] as const,
    );
    const differ = pairs.reduce((sum, [now, before]) => sum + Math.abs(now - before), 0);
    const most = pairs.reduce((sum, [now, before]) => sum + Math.max(now, before), 0);
    return { ago, differ, most };
  });
  const [last] = days;
  if (!last || last.differ > last.most * MOST_OF_LAST_DAY) return { error: 1 };
  const sorted = days.toSorted((one, other) => other.differ - one.differ);
  const usual = every === WEEK ? sorted.slice(1) : sorted;
  const differ = usual.reduce((sum, day) => sum + day.differ, 0);
  const most = usual.reduce((sum, day) => sum + day.most, 0);
  return {
    error: most === 0 ? 0 : differ / most,
    odd: every === WEEK ? sorted[0]?.ago : undefined,
  };
}

/** The hours, with the day that was left out as it was a week before where that is nearer to the middle one of the last days: neither a holiday nor a spike comes again a week later. */
function usualHours(
  counted: readonly CalledHour[],
  { odd }: Compared,
  { halves, endMs }: { readonly halves: readonly number[]; readonly endMs: number },
): readonly CalledHour[] {
  if (odd === undefined) return counted;
  const ofDay = (ago: number) => (halves[2 * ago] ?? 0) + (halves[2 * ago + 1] ?? 0);
  const sums = Array.from({ length: WEEK }, (_, ago) => ofDay(ago)).toSorted((a, b) => a - b);
  const far = (ago: number) => Math.abs(ofDay(ago) - (sums[3] ?? 0));
  if (far(odd) <= far(odd + WEEK)) return counted;
  const isOf = (ago: number) => (hour: CalledHour) =>
    Math.floor((endMs - 1 - hour.atMs) / DAY_MS) === ago;
  const before = counted.filter(isOf(odd + WEEK));
  const again = before.map((hour) => ({ ...hour, atMs: hour.atMs + WEEK * DAY_MS }));
  return [...counted.filter((hour) => !isOf(odd)(hour)), ...again];
}

/** The days to come as the last ones were, one after another. */
function aheadBy(everyDays: number, counted: readonly CalledHour[], endMs: number): Ahead {
  const periodMs = everyDays * DAY_MS;
  const last = counted.filter(({ atMs }) => atMs >= endMs - periodMs && atMs < endMs);
  const coming = last.flatMap((hour) =>
    Array.from({ length: Math.ceil(WEEK / everyDays) }, (_, times) => ({
      ...hour,
      atMs: hour.atMs + (times + 1) * periodMs,
    })),
  );
  return {
    everyDays,
    beginsMs: endMs,
    demand(from, to) {
      const [fromMs, toMs] = [endMs + from * HALF_MS, endMs + to * HALF_MS];
      const within = coming.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
      return { ...demandSince(within, fromMs, toMs), days: everyDays };
    },
  };
}
