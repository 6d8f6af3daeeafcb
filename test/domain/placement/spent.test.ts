import { NO_LIMITS, type Question } from '#domain/placement/demand.ts';
import type { CalledHour } from '#domain/placement/learnt.ts';
import { optionAt } from '#domain/placement/optimize.ts';
import type { Spent } from '#domain/placement/spending.ts';
import { isOverAt, limitedTo, type Metered, meteredSince, spend } from '#domain/placement/spent.ts';

const HOUR = 3_600_000;
const DECEMBER = Date.UTC(2026, 11, 1);
const question: Question = {
  demand: { requestsPerSecond: 5, peak: 10, p95Ms: null, coldStarts: 'allowed', hours: 730 },
  measured: { requestMs: 100, parallelPart: 0, memoryMiB: 600, imageBytes: 1e9, startMs: 3000 },
  limits: NO_LIMITS,
  allowsSpot: false,
};
const onLambda = optionAt(question, {
  target: 'lambda',
  isSpot: false,
  memoryMiB: 1769,
  vcpus: 1,
});
const onFargate = optionAt(question, {
  target: 'fargate',
  isSpot: false,
  memoryMiB: 2048,
  vcpus: 1,
});
// 100 ms of 1,769 MiB, the request itself, and its log.
const PER_REQUEST = 0.1 * (1769 / 1024) * 0.0000166667 + 0.2e-6 + 0.15e-6;

/** The hours of December from one on, each with so many requests a second. */
function hoursFrom(first: number, count: number, perSecond: number): readonly CalledHour[] {
  return Array.from({ length: count }, (_, hour) => ({
    atMs: DECEMBER + (first + hour) * HOUR,
    requests: perSecond * 3600,
    busiestMinute: perSecond * 60,
  }));
}

function at(hour: number, hours: readonly CalledHour[], now = onLambda): Metered {
  return { question, now, hours, liveAtMs: DECEMBER - HOUR, nowMs: DECEMBER + hour * HOUR };
}

const cap = (maxMonthlyUsd: number, rule: 'event' | 'fewer' | 'refuse' = 'event') => ({
  rule,
  maxMonthlyUsd,
  least: 0 as const,
});

describe('the cost of a month', () => {
  it('is the bill of each counted hour, and the hour that has not ended counts for now only', () => {
    const { spent, nowUsd } = spend(undefined, at(10.5, hoursFrom(0, 11, 5)), cap(1000));

    // Starts are the hundredth above it.
    expect(spent.usd / (10 * 3600 * 5 * PER_REQUEST)).toBeCloseTo(1.01, 2);
    expect(nowUsd / (11 * 3600 * 5 * PER_REQUEST)).toBeCloseTo(1.01, 2);
    expect(spent).toMatchObject({ month: '2026-12', untilMs: DECEMBER + 10 * HOUR, peak: 5 });
  });

  it('leaves an hour open whose counts may be late', () => {
    const { spent } = spend(undefined, at(10 + 4 / 60, hoursFrom(0, 11, 5)), cap(1000));

    expect(spent.untilMs).toBe(DECEMBER + 9 * HOUR);
  });

  it('comes to the same however often it is looked at', () => {
    const all = hoursFrom(0, 30, 5);
    const once = spend(undefined, at(30.1, all), cap(1000)).spent;

    let often: Spent | undefined;
    for (let hour = 0.25; hour <= 30.1; hour += 0.25) {
      const nowMs = DECEMBER + hour * HOUR;
      const fromMs = meteredSince(often, { liveAtMs: DECEMBER - HOUR, nowMs });
      const counted = all.filter(({ atMs }) => atMs >= fromMs && atMs <= nowMs);
      often = spend(often, at(hour, counted), cap(1000)).spent;
    }
    often = spend(
      often,
      at(30.1, all.slice(often!.untilMs / HOUR - DECEMBER / HOUR)),
      cap(1000),
    ).spent;

    expect(often.usd).toBeCloseTo(once.usd, 9);
  });

  it('begins anew with the month, and with the version that was live first', () => {
    const nowMs = DECEMBER + 5 * HOUR;
    const november = { month: '2026-11', usd: 40, untilMs: 0, peak: 9, isOver: true, most: 3 };
    const liveAtMs = DECEMBER + 2.5 * HOUR;

    expect(meteredSince(november, { liveAtMs, nowMs })).toBe(DECEMBER);
    expect(meteredSince(undefined, { liveAtMs, nowMs })).toBe(DECEMBER + 2 * HOUR);
    const { spent } = spend(november, at(5.2, hoursFrom(0, 5, 1)), cap(30, 'fewer'));
    expect(spent).toMatchObject({ month: '2026-12', peak: 1, isOver: false, most: null });
    expect(isOverAt(november, nowMs)).toBe(false);
    expect(isOverAt({ ...november, month: '2026-12' }, nowMs)).toBe(true);
    expect(isOverAt(undefined, nowMs)).toBe(false);
  });

  it('counts replicas that nobody asks', () => {
    const { spent } = spend(undefined, at(100.1, [], onFargate), cap(1000));

    expect(spent.usd / ((onFargate.ownUsd / 730) * 100)).toBeCloseTo(1, 1);
  });
});

describe('the answer to a cap', () => {
  it('is that it was reached, and by itself limits nothing', () => {
    const { spent } = spend(undefined, at(100.1, hoursFrom(0, 100, 5)), cap(3));

    expect(spent).toMatchObject({ isOver: true, most: null });
  });

  it('gives a function as many executions as the rest pays for, once half is spent at a pace that would pass it', () => {
    const half = spend(undefined, at(372.1, hoursFrom(0, 372, 10)), cap(60, 'fewer')).spent;
    const slower = spend(undefined, at(372.1, hoursFrom(0, 372, 10)), cap(90, 'fewer')).spent;

    expect(half.usd).toBeCloseTo(43.5, 0);
    // An execution that is always busy costs $0.11 an hour, and the rest of the month has 371.9 hours.
    expect(half.most).toBe(1);
    expect(slower.most).toBeNull();
  });

  it('gives no more executions than can spend the rest before the next look, and none once nothing is left', () => {
    const hours = hoursFrom(0, 372, 10);
    const { nowUsd } = spend(undefined, at(372.1, hours), cap(90));
    const left = (usd: number) =>
      spend(undefined, at(372.1, hours), cap(nowUsd + usd, 'fewer')).spent.most;

    // A third of an hour of one execution costs 3.7 cents.
    expect([0.2, 0.04, 0.03, 0, -1].map(left)).toEqual([1, 1, 0, 0, 0]);
  });

  it('keeps one replica where one has to be left', () => {
    const hours = hoursFrom(0, 372, 20);
    const asked = at(372.1, hours, onFargate);

    const least = { ...cap(1, 'fewer'), least: 1 } as const;
    expect(spend(undefined, asked, least).spent.most).toBe(1);
    expect(spend(undefined, asked, cap(1_000, 'fewer')).spent.most).toBeNull();
  });
});

it('limits the replicas of a scaling, and leaves it alone without a limit', () => {
  expect(limitedTo({ min: 2, max: 8 }, null)).toEqual({ min: 2, max: 8 });
  expect(limitedTo({ min: 2, max: 8 }, 5)).toEqual({ min: 2, max: 5 });
  expect(limitedTo({ min: 2, max: 8 }, 1)).toEqual({ min: 1, max: 1 });
});
