import fc from 'fast-check';
import { bakeSlice, retrySeconds } from '#domain/registry/loops.ts';

describe('looking again', () => {
  it.each([
    { elapsedMs: 0, seconds: 1 },
    { elapsedMs: 19_999, seconds: 1 },
    { elapsedMs: 20_000, seconds: 2 },
    { elapsedMs: 250_000, seconds: 25 },
    { elapsedMs: 3_600_000, seconds: 30 },
  ])('waits $seconds s after $elapsedMs ms', ({ elapsedMs, seconds }) => {
    expect(retrySeconds(elapsedMs)).toBe(seconds);
  });

  it('waits longer where that is allowed', () => {
    expect(retrySeconds(3_600_000, 60)).toBe(60);
  });

  it('makes nothing that takes over ten seconds take more than a tenth longer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10_000, max: 7_200_000 }), (elapsedMs) => {
        expect(retrySeconds(elapsedMs, 60) * 1000).toBeLessThanOrEqual(elapsedMs / 10);
      }),
    );
  });
});

describe('a bake', () => {
  it.each([
    { bakeSeconds: 0, slice: 0 },
    { bakeSeconds: 2, slice: 2 },
    { bakeSeconds: 30, slice: 30 },
    { bakeSeconds: 31, slice: 16 },
    { bakeSeconds: 60, slice: 30 },
    { bakeSeconds: 100, slice: 25 },
  ])('of $bakeSeconds s is looked at every $slice s', ({ bakeSeconds, slice }) => {
    expect(bakeSlice(bakeSeconds)).toBe(slice);
  });

  it('is over after the fewest slices of 30 s that cover it, less than a second a slice late', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3600 }), (bakeSeconds) => {
        const slices = Math.ceil(bakeSeconds / 30);
        const lateSeconds = slices * bakeSlice(bakeSeconds) - bakeSeconds;

        expect(bakeSlice(bakeSeconds)).toBeLessThanOrEqual(30);
        expect(lateSeconds).toBeGreaterThanOrEqual(0);
        expect(lateSeconds).toBeLessThan(slices);
      }),
    );
  });
});
