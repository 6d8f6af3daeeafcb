import { type Ahead, demandAhead, HALVES_AHEAD } from '#domain/placement/ahead.ts';
import type { CalledHour } from '#domain/placement/learnt.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
// A Saturday, at midnight.
const NOW = Date.UTC(2026, 11, 5);

/** The last days (the first argument of `requests` is how many days ago, 0 the last one), each hour with so many requests. */
function lastDays(
  days: number,
  requests: (daysAgo: number, hourOfDay: number, atMs: number) => number,
): readonly CalledHour[] {
  return Array.from({ length: days * 24 }, (_, ago) => {
    const atMs = NOW - (ago + 1) * HOUR;
    const count = requests(Math.floor(ago / 24), new Date(atMs).getUTCHours(), atMs);
    return { atMs, requests: count, busiestMinute: count / 30 };
  });
}

const ahead = (hours: readonly CalledHour[], knownDays: number, nowMs = NOW) =>
  demandAhead(hours, { liveAtMs: nowMs - knownDays * DAY, nowMs });

/** The requests of each coming half-day. */
const halves = (found: Ahead | undefined) =>
  found &&
  Array.from({ length: HALVES_AHEAD }, (_, half) => {
    const { requestsPerSecond, hours } = found.demand(half, half + 1);
    // As if the half-day were a month.
    return Math.round((requestsPerSecond * 3600 * hours * 12) / 730 / 100) * 100;
  });

const isWorkday = (atMs: number) => new Date(atMs).getUTCDay() % 6 !== 0;
const office = (_: number, hour: number, atMs: number) =>
  isWorkday(atMs) && hour >= 8 && hour < 18 ? 3600 : 0;
const DAYS_OF_WEEK = [0, 0, 0, 0, ...Array.from({ length: 5 }, () => [14_400, 21_600]).flat()];

describe('the demand of the coming week', () => {
  it('is that of a week ago, once the five working days have come again', () => {
    const found = ahead(lastDays(12, office), 12);

    expect(found).toMatchObject({ everyDays: 7, beginsMs: NOW });
    expect(halves(found)).toEqual(DAYS_OF_WEEK);
  });

  it('is that of a week ago at any hour of the day', () => {
    const found = ahead(lastDays(14, office), 14, NOW - 9.5 * HOUR);

    expect(found).toMatchObject({ everyDays: 7, beginsMs: NOW - 10 * HOUR });
    // From Friday 14:00 on.
    expect(halves(found)?.slice(0, 6)).toEqual([14_400, 0, 0, 0, 0, 21_600]);
  });

  it('is that of the days of which it is made, where they are fewer than seven', () => {
    const turns = (ago: number) => (ago % 4 < 2 ? 3600 : 1800);
    const found = ahead(lastDays(14, turns), 14);

    expect(found?.everyDays).toBe(4);
    expect(halves(found)).toEqual(
      [1800, 1800, 3600, 3600, 1800, 1800, 3600].flatMap((each) => [each * 12, each * 12]),
    );
  });

  it('answers what a stay gets, with its busiest minute and its part of a month', () => {
    expect(ahead(lastDays(14, office), 14)?.demand(4, 14)).toEqual({
      requestsPerSecond: 1,
      peak: 2,
      hours: 304,
      days: 7,
    });
  });

  it.each([
    ['a holiday three days ago', (ago: number) => (ago === 3 ? 0 : 1)],
    ['a holiday ten days ago', (ago: number) => (ago === 10 ? 0 : 1)],
    ['a day of ten times as many', (ago: number) => (ago === 3 ? 10 : 1)],
    ['such a day ten days ago', (ago: number) => (ago === 10 ? 10 : 1)],
  ])('overlooks one day that was another, which does not come again: %s', (_, times) => {
    const hours = lastDays(14, (ago, hour, atMs) => office(ago, hour, atMs) * times(ago));
    const found = ahead(hours, 14);

    expect(found?.everyDays).toBe(7);
    expect(halves(found)).toEqual(DAYS_OF_WEEK);
  });

  it('holds where each hour is up to a third more or less than a week ago', () => {
    const noisy = (ago: number, hour: number, atMs: number) =>
      office(ago, hour, atMs) * (1 + ((ago * 7 + hour * 5) % 5) / 15);

    expect(ahead(lastDays(14, noisy), 14)?.everyDays).toBe(7);
  });

  it('is nothing where nobody has called for two weeks', () => {
    const found = ahead([], 14);

    expect(halves(found)).toEqual(DAYS_OF_WEEK.map(() => 0));
  });

  it.each([
    ['less than twelve days are known', lastDays(11, office), 11],
    [
      'the last day was another',
      lastDays(14, (ago, ...at) => (ago < 1 ? 0 : office(ago, ...at))),
      14,
    ],
    ['a demand has begun', lastDays(14, (ago) => (ago < 4 ? 3600 : 0)), 14],
    [
      'two of five days were others',
      lastDays(12, (ago, ...at) => (ago === 2 || ago === 3 ? 0 : office(ago, ...at))),
      12,
    ],
    ['it comes after eight days again', lastDays(14, (ago) => (ago % 8 < 4 ? 3600 : 0)), 14],
    [
      'a day at random',
      lastDays(14, (ago) => [1, 0, 0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 0, 1][ago]! * 3600),
      14,
    ],
  ])('is not known where %s', (_, hours, days) => {
    expect(ahead(hours, days)).toBeUndefined();
  });

  it('takes no shorter period from what a week looks like for some days', () => {
    for (let days = 6; days < 12; days += 1) {
      const since = NOW - 5 * DAY;
      const isKnown = ({ atMs }: CalledHour) => atMs < since && atMs >= since - days * DAY;
      const hours = lastDays(20, office).filter(isKnown);

      expect(ahead(hours, days, since)).toBeUndefined();
    }
  });
});
