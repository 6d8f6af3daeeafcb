import { chanceOfMore, chanceOfOrder } from '#domain/rollout/chance.ts';

describe('the chance that one side has so many more', () => {
  it('is no less than the exact one of drawing without replacement', () => {
    // There are 40 requests, 10 are refused, and at least 8 of these are among 20: sum of C(10, k) C(30, 20 - k) / C(40, 20).
    const choose = (n: number, k: number): number => (k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k);
    const exact = [8, 9, 10].reduce(
      (sum, k) => sum + (choose(10, k) * choose(30, 20 - k)) / choose(40, 20),
      0,
    );

    const bound = chanceOfMore({ count: 8, of: 20 }, { count: 2, of: 20 });

    expect(exact).toBeGreaterThan(0.02);
    expect(bound).toBeGreaterThanOrEqual(exact);
    expect(bound).toBeLessThan(0.4);
  });

  it('is 1 where it has no more, or nothing was asked', () => {
    expect(chanceOfMore({ count: 1, of: 20 }, { count: 2, of: 20 })).toBe(1);
    expect(chanceOfMore({ count: 0, of: 0 }, { count: 2, of: 20 })).toBe(1);
    expect(chanceOfMore({ count: 20, of: 20 }, { count: 20, of: 20 })).toBe(1);
  });
});

describe('the chance that one side is so often greater', () => {
  it.each([
    // There are 252 orders of 5 and 5: one has all wins, one 24, two 23.
    [[6, 7, 8, 9, 10], [1, 2, 3, 4, 5], 1 / 252],
    [[5, 7, 8, 9, 10], [1, 2, 3, 4, 6], 2 / 252],
    [[5, 6, 8, 9, 10], [1, 2, 3, 4, 7], 4 / 252],
    [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], 1],
    // Counted one by one: 26 of the 126 orders of 4 and 5 have as many wins, 14, or more.
    [[3, 5, 9, 11], [1, 2, 4, 8, 10], 26 / 126],
  ])('of %j before %j is exact', (now, before, chance) => {
    expect(chanceOfOrder(now, before)).toBeCloseTo(chance, 9);
  });

  it('takes a tie for no win', () => {
    expect(chanceOfOrder([1, 1, 1], [1, 1, 1])).toBe(1);
  });

  it('is exact for as many as a record keeps', () => {
    const values = (from: number) => Array.from({ length: 30 }, (_, index) => from + index);

    // 1 of C(60, 30).
    expect(chanceOfOrder(values(100), values(0)) * 1.182645815648614e17).toBeCloseTo(1, 6);
  });
});
