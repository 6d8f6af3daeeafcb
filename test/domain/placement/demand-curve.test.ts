import { FIRST_GUESS, NO_LIMITS, type Question } from '#domain/placement/demand.ts';
import { breakEvenWords, demandCurve } from '#domain/placement/demand-curve.ts';
import { flipsAt } from '#domain/placement/flips.ts';
import { atRate, cheapest } from '#domain/placement/optimize.ts';

const QUESTION: Question = {
  demand: { ...FIRST_GUESS, requestsPerSecond: 2, peak: 2, hours: 730 },
  measured: {
    requestMs: 300,
    parallelPart: 0,
    memoryMiB: 6144,
    imageBytes: 1024 ** 3,
    startMs: 3000,
  },
  limits: NO_LIMITS,
  allowsSpot: false,
};

describe('the bills over the demand', () => {
  const { points, breakEvens } = demandCurve(QUESTION);

  it('go from a tenth of the rate to ten times as much', () => {
    expect(points).toHaveLength(17);
    expect(points[0]?.requestsPerSecond).toBeCloseTo(0.2, 6);
    expect(points.at(-1)?.requestsPerSecond).toBeCloseTo(20, 6);
  });

  it('are the lowest of each target, of which the least is that of the choice', () => {
    for (const { requestsPerSecond, usd } of points) {
      const choice = cheapest(atRate(QUESTION, requestsPerSecond));
      const least = Math.min(...Object.values(usd).map((each) => each ?? Infinity));

      expect((choice?.ownUsd ?? 0) / least).toBeGreaterThanOrEqual(1);
      // The choice is the fastest of the options within a hundredth.
      expect((choice?.ownUsd ?? 0) / least).toBeLessThanOrEqual(1.01);
    }
  });

  it('cross where another target is the choice', () => {
    expect(breakEvens).toMatchObject([{ from: 'lambda', to: 'fargate' }]);
    const at = breakEvens[0]?.requestsPerSecond ?? 0;
    // The simulator of AWS's bill says so too: one task costs as much as the function at 0.86 a second.
    expect(at).toBeCloseTo(0.86, 1);
    expect(cheapest(atRate(QUESTION, at * 0.98))?.target).toBe('lambda');
    expect(cheapest(atRate(QUESTION, at * 1.02))?.target).toBe('fargate');
    expect(breakEvenWords(breakEvens)).toBe(
      `lambda up to ${Number(at.toPrecision(3))} requests a second, then fargate`,
    );
  });

  it('cross at the rate that is named as the next flip, in three digits', () => {
    const next = flipsAt(atRate(QUESTION, 0.4)) ?? 0;
    const at = breakEvens[0]?.requestsPerSecond ?? 0;

    expect(Math.abs(at / next - 1)).toBeLessThan(0.002);
  });

  it('are null where no option of a target keeps the limits, and never cross then', () => {
    const demand = { ...QUESTION.demand, coldStarts: 'none' } as const;
    const curve = demandCurve({ ...QUESTION, demand });

    expect(curve.points.every(({ usd }) => usd.lambda === null)).toBe(true);
    expect(curve.breakEvens).toEqual([]);
    expect(breakEvenWords(curve.breakEvens)).toBe('');
  });

  it('are those around a request a second, all day, for a model that nobody calls', () => {
    const demand = { ...QUESTION.demand, requestsPerSecond: 0, peak: 0, hours: 0 };
    const curve = demandCurve({ ...QUESTION, demand });

    expect(curve.points[8]).toMatchObject({ requestsPerSecond: 1 });
    expect(curve.points[8]?.usd.lambda).toBeGreaterThan(70);
    expect(curve.breakEvens).toMatchObject([{ from: 'lambda', to: 'fargate' }]);
  });
});
