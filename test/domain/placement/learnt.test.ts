import { type CalledHour, learntDemand, withLearnt } from '#domain/placement/learnt.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 11, 1);
const BEFORE = NOW - 60 * DAY;

/** The hours of the last `days` that `isCalled` by their hour of the day, each with as many requests. */
function called(
  days: number,
  requests: number,
  isCalled: (hourOfDay: number) => boolean = () => true,
): readonly CalledHour[] {
  return Array.from({ length: days * 24 }, (_, ago) => NOW - (ago + 1) * HOUR)
    .filter((atMs) => isCalled(new Date(atMs).getUTCHours()))
    .map((atMs) => ({ atMs, requests, busiestMinute: requests / 30 }));
}

const learnt = (hours: readonly CalledHour[], liveAtMs = BEFORE) =>
  learntDemand(hours, { liveAtMs, nowMs: NOW });

it('learns a demand that is the same at every hour', () => {
  expect(learnt(called(14, 7200))).toEqual({
    requestsPerSecond: 2,
    peak: 4,
    hours: 730,
    days: 14,
  });
});

it('learns the hours of the week in which a model is called', () => {
  const office = learnt(called(14, 3600, (hour) => hour >= 9 && hour < 17));

  expect(office).toEqual({ requestsPerSecond: 1, peak: 2, hours: 243, days: 14 });
});

it('counts an hour of the week that is called every other week with half of its requests', () => {
  const once = [{ atMs: NOW - 3 * HOUR, requests: 7200, busiestMinute: 600 }];

  expect(learnt(once)).toEqual({ requestsPerSecond: 1, peak: 10, hours: 4.35, days: 14 });
});

it('extrapolates from some days to a month', () => {
  expect(learnt(called(3, 3600), NOW - 3 * DAY)).toEqual({
    requestsPerSecond: 1,
    peak: 2,
    hours: 730,
    days: 3,
  });
});

it('learns nothing from less than a day', () => {
  expect(learnt(called(1, 3600).slice(0, -1), NOW - 23 * HOUR)).toBeUndefined();
});

it('learns on a function from half a day, and takes the rest of the day for quiet', () => {
  const since = { liveAtMs: NOW - 12 * HOUR, nowMs: NOW };
  const half = called(1, 3600).slice(0, 12);

  expect(learntDemand(half, { ...since, target: 'lambda' })).toEqual({
    requestsPerSecond: 1,
    peak: 2,
    hours: 365,
    days: 1,
  });
  expect(learntDemand(half, { ...since, target: 'fargate' })).toBeUndefined();
  expect(learntDemand(half, { liveAtMs: NOW - 11 * HOUR, nowMs: NOW, target: 'lambda' })).toEqual(
    expect.objectContaining({ hours: 365 }),
  );
  expect(
    learntDemand(half.slice(0, 11), { liveAtMs: NOW - 11 * HOUR, nowMs: NOW, target: 'lambda' }),
  ).toBeUndefined();
});

it('learns that nobody calls a model any more', () => {
  expect(learnt([])).toEqual({ requestsPerSecond: 0, peak: 0, hours: 0, days: 14 });
});

it('forgets what is more than two weeks ago', () => {
  const long = called(30, 3600).filter(({ atMs }) => atMs < NOW - 14 * DAY);

  expect(learnt(long)).toEqual({ requestsPerSecond: 0, peak: 0, hours: 0, days: 14 });
});

it('is never below its average in the busiest minute', () => {
  const few = called(14, 3600).map((hour) => ({ ...hour, busiestMinute: 0 }));

  expect(learnt(few)?.peak).toBe(1);
});

it('keeps the limits on the answers that were asked for', () => {
  const asked = {
    requestsPerSecond: 9,
    peak: 9,
    hours: 9,
    p95Ms: 200,
    coldStarts: 'none',
  } as const;

  const demand = withLearnt(asked, { requestsPerSecond: 2, peak: 4, hours: 730, days: 14 });

  expect(demand).toEqual({
    requestsPerSecond: 2,
    peak: 4,
    hours: 730,
    p95Ms: 200,
    coldStarts: 'none',
  });
});

describe('where a day is another than that of the week before', () => {
  /** Requests an hour by the days ago, for two weeks. */
  const byDay = (requests: (daysAgo: number, hourOfDay: number) => number) =>
    Array.from({ length: 14 * 24 }, (_, index) => {
      const atMs = NOW - (index + 1) * HOUR;
      const count = requests(Math.floor(index / 24), new Date(atMs).getUTCHours());
      return { atMs, requests: count, busiestMinute: count / 30 };
    });

  it.each([
    ['demand that has ended', (ago: number) => (ago < 3 ? 0 : 3600), 0, 1],
    ['demand that ended nine days ago', (ago: number) => (ago < 9 ? 0 : 3600), 0, 3],
    ['three times the demand since yesterday', (ago: number) => (ago < 1 ? 10_800 : 3600), 3, 1],
    [
      'office hours that have ended',
      (ago: number, hour: number) => (ago < 2 || hour < 9 || hour > 16 ? 0 : 3600),
      0,
      1,
    ],
  ])('only it and the days after it count: %s', (_, requests, requestsPerSecond, days) => {
    expect(learnt(byDay(requests))).toMatchObject({ requestsPerSecond, days });
  });

  it.each([
    ['weekends', (ago: number) => (ago % 7 < 2 ? 0 : 3600)],
    ['one hour of many requests', (ago: number, hour: number) => (ago + hour === 5 ? 1e6 : 3600)],
    ['up and down', (ago: number) => (ago % 4 < 2 ? 3600 : 6600)],
    ['a few calls at different times', (ago: number, hour: number) => (hour === ago ? 3600 : 0)],
  ])('two weeks count all the same for %s', (_, requests) => {
    expect(learnt(byDay(requests))?.days).toBe(14);
  });

  it('a model that is young has no week before', () => {
    const young = byDay((ago) => (ago < 1 ? 0 : 3600)).filter(({ atMs }) => atMs >= NOW - 7 * DAY);

    expect(learnt(young, NOW - 7 * DAY)?.days).toBe(7);
  });
});
