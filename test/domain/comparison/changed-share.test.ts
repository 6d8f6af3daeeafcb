import { changedShare } from '#domain/comparison/changed-share.ts';
import { seededOrder } from '#domain/comparison/seeded-random.ts';
import { ANSWERS_ERROR } from '#domain/rollout/error-budget.ts';
import confseq from './confseq.json' with { type: 'json' };

const RUNS = 1000;
const outcomesOf = (changed: readonly number[], asked: number) =>
  Array.from({ length: asked }, (_, index) => changed.includes(index));

describe('the share of changed answers', () => {
  it.each(
    confseq.cases.flatMap(({ of, alpha, changed, bounds }) =>
      bounds.map(([asked = 0, low = 0, high = 0]) => ({ of, alpha, changed, asked, low, high })),
    ),
  )(
    'lies from $low to $high after $asked of $of at $alpha, as the authors’ package says',
    ({ of, alpha, changed, asked, low, high }) => {
      const share = changedShare(outcomesOf(changed, asked), of, alpha);

      expect(share.low).toBeCloseTo(low, 5);
      expect(share.high).toBeCloseTo(high, 5);
    },
  );

  it('is exact where all were asked', () => {
    expect(changedShare(outcomesOf([3], 50), 50)).toMatchObject({ low: 0.02, high: 0.02 });
  });

  it('is anything where nothing was asked', () => {
    expect(changedShare([], 50)).toMatchObject({ low: 0, high: 1 });
    expect(changedShare([], 0)).toMatchObject({ asked: 0, of: 0, low: 0, high: 0 });
  });

  it('is outside its bounds in no more than the budget of all runs, however often somebody looks', () => {
    const [of, changed] = [200, 10];
    const misses = Array.from({ length: RUNS }, (_, run) => {
      const order = seededOrder(
        Array.from({ length: of }, (_, index) => index),
        `run ${run}`,
        String,
      ).map((index) => index < changed);
      return [25, 50, 100, 150].some((asked) => {
        const { low, high } = changedShare(order.slice(0, asked), of);
        return low > changed / of || high < changed / of;
      });
    }).filter(Boolean).length;

    expect(misses / RUNS).toBeLessThanOrEqual(ANSWERS_ERROR);
  });
});
