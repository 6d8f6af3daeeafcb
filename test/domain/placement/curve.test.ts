import { functionCurve, kneeOf } from '#domain/placement/curve.ts';
import {
  FIRST_GUESS,
  NO_LIMITS,
  type PlacedOption,
  type Question,
} from '#domain/placement/demand.ts';
import { rankedOptions } from '#domain/placement/optimize.ts';

const point = (memoryMiB: number, ownUsd: number, p95Ms: number, refusals: string[] = []) =>
  ({ target: 'lambda', memoryMiB, ownUsd, p95Ms, refusals }) as unknown as PlacedOption;

describe('the curve of a function', () => {
  it('has its sizes by their memory, and none of a container', () => {
    const container = { ...point(512, 1, 1), target: 'fargate' } as const;

    const curve = functionCurve([point(3538, 9, 50), container, point(1769, 5, 90)]);

    expect(curve.map(({ memoryMiB }) => memoryMiB)).toEqual([1769, 3538]);
  });

  it('has its knee where both the bill and the time are low', () => {
    const curve = [
      point(512, 10, 400),
      point(1024, 10.5, 200),
      point(1769, 11, 116),
      point(3538, 19, 90),
      point(7076, 36, 80),
    ];

    expect(kneeOf(curve)?.memoryMiB).toBe(1769);
  });

  it('has none among sizes that break a limit, of two sizes, or where nothing differs', () => {
    const broken = ['its p95 is too long'];

    expect(
      kneeOf([point(1, 1, 9, broken), point(2, 2, 2, broken), point(3, 9, 1)]),
    ).toBeUndefined();
    expect(kneeOf([point(1, 1, 9), point(2, 2, 2)])).toBeUndefined();
    expect(kneeOf([point(1, 1, 9), point(2, 1, 2), point(3, 1, 1)])).toBeUndefined();
    expect(kneeOf([point(1, 1, 9), point(2, 2, 9), point(3, 3, 9)])).toBeUndefined();
  });

  it('of a model that is half serial is between the cheapest and the fastest size', () => {
    const question: Question = {
      demand: { ...FIRST_GUESS, p95Ms: 1000 },
      measured: { requestMs: 100, parallelPart: 0.5, memoryMiB: 200, imageBytes: 1, startMs: 900 },
      limits: NO_LIMITS,
      allowsSpot: false,
    };
    const curve = functionCurve(rankedOptions(question));
    const knee = kneeOf(curve)!;

    const kept = curve.filter(({ refusals }) => refusals.length === 0);
    expect(knee.memoryMiB).toBeGreaterThan(Math.min(...kept.map(({ memoryMiB }) => memoryMiB)));
    expect(knee.memoryMiB).toBeLessThan(Math.max(...kept.map(({ memoryMiB }) => memoryMiB)));
  });
});
