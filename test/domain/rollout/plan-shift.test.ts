import fc from 'fast-check';
import { manifestSchema } from '#domain/manifest/manifest.ts';
import { mechanismOf, TARGETS } from '#domain/placement/target.ts';
import { AWS_SHIFTS, planShift, type ShiftNeeds } from '#domain/rollout/plan-shift.ts';

const rollout = (wishes: object = {}) => manifestSchema.parse({ rollout: wishes }).rollout;
const AWS = { ...AWS_SHIFTS, bakeSeconds: 60 };
const MACHINE = { bakeSeconds: 2, canaryBakeSeconds: 2, crossingBakeSeconds: 2, canary: false };
const upgrade: ShiftNeeds = {
  from: { target: 'lambda' },
  to: { target: 'lambda' },
  rollout: rollout(),
  defaults: AWS,
  isProven: false,
};
const inContainers = {
  ...upgrade,
  from: { target: 'fargate' },
  to: { target: 'fargate' },
} as const;

/** The steps as `percent for seconds`. */
function steps(needs: ShiftNeeds): string {
  return planShift(needs)
    .steps.map(({ percent, bakeSeconds }) => `${percent} for ${bakeSeconds}`)
    .join(', ');
}

describe('the shift of', () => {
  it.each([
    { what: 'an upgrade on Lambda', needs: upgrade, planned: '100 for 60' },
    { what: 'one in containers', needs: inContainers, planned: '10 for 180, 100 for 60' },
    {
      what: 'one from Fargate to EC2',
      needs: { ...inContainers, to: { target: 'ec2' } as const },
      planned: '10 for 180, 100 for 60',
    },
    {
      what: 'one in containers on one machine',
      needs: { ...inContainers, defaults: MACHINE },
      planned: '100 for 2',
    },
    { what: 'a first version', needs: { ...inContainers, from: null }, planned: '100 for 0' },
    {
      what: 'a first version that is to bake',
      needs: { ...upgrade, from: null, rollout: rollout({ strategy: 'linear', bakeSeconds: 9 }) },
      planned: '100 for 9',
    },
    {
      what: 'a version that was proven before',
      needs: { ...inContainers, isProven: true, rollout: rollout({ bakeSeconds: 9 }) },
      planned: '100 for 0',
    },
  ])('$what is $planned', ({ needs, planned }) => {
    expect(steps(needs)).toBe(planned);
    expect(planShift(needs).notice).toBe('');
  });

  it.each([
    { wish: { strategy: 'canary' }, planned: '10 for 180, 100 for 60' },
    {
      wish: { strategy: 'linear' },
      planned: '20 for 180, 40 for 180, 60 for 180, 80 for 180, 100 for 60',
    },
    { wish: { strategy: 'all-at-once' }, planned: '100 for 60' },
    { wish: { steps: [1, 100] }, planned: '1 for 180, 100 for 60' },
    {
      wish: { strategy: 'canary', steps: [5, 50, 100], bakeSeconds: 7 },
      planned: '5 for 7, 50 for 7, 100 for 7',
    },
    {
      wish: { strategy: 'linear', bakeSeconds: 0, steps: [50, 100] },
      planned: '50 for 0, 100 for 0',
    },
  ])('$wish is $planned, on every target', ({ wish, planned }) => {
    for (const target of TARGETS) {
      const needs = { ...upgrade, from: { target }, to: { target }, rollout: rollout(wish) };
      expect(steps(needs)).toBe(planned);
    }
  });
});

describe('between Lambda and containers the traffic moves', () => {
  const crossing = (wishes: object) =>
    planShift({ ...upgrade, to: { target: 'fargate' }, rollout: rollout(wishes) });

  it('as a whole, and is watched for longer', () => {
    expect(crossing({})).toEqual({ steps: [{ percent: 100, bakeSeconds: 300 }], notice: '' });
    expect(crossing({ bakeSeconds: 5 }).steps).toEqual([{ percent: 100, bakeSeconds: 5 }]);
  });

  it.each(['canary', 'linear'])('as a whole and says so where it was to be %s', (strategy) => {
    const { steps: planned, notice } = crossing({ strategy });

    expect(planned).toEqual([{ percent: 100, bakeSeconds: 300 }]);
    expect(notice).toBe(
      `from lambda to fargate the traffic can only move all at once, so the strategy is not ${strategy}`,
    );
  });

  it('as a whole also from functions that answer whole to those that stream', () => {
    const to = { target: 'lambda', isStreaming: true } as const;

    expect(planShift({ ...upgrade, to, rollout: rollout({ strategy: 'linear' }) })).toEqual({
      steps: [{ percent: 100, bakeSeconds: 300 }],
      notice:
        'from lambda to lambda (streaming) the traffic can only move all at once, so the strategy is not linear',
    });
  });

  it('as a whole without a word where that was asked for', () => {
    expect(crossing({ strategy: 'all-at-once' }).notice).toBe('');
  });
});

it('every shift rises to all of the traffic, and one between mechanisms has one step', () => {
  const streaming = { target: 'lambda', isStreaming: true } as const;
  const placements = fc.constantFrom(...TARGETS.map((target) => ({ target })), streaming);
  const percents = fc
    .uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 9 })
    .map((shares) => [...shares.toSorted((a, b) => a - b), 100]);
  const wishes = fc
    .record(
      {
        strategy: fc.constantFrom('auto', 'all-at-once', 'canary', 'linear'),
        steps: percents,
        bakeSeconds: fc.nat(720),
      },
      { requiredKeys: [] },
    )
    .filter((wish) => manifestSchema.safeParse({ rollout: wish }).success);
  fc.assert(
    fc.property(
      fc.option(placements),
      placements,
      wishes,
      fc.boolean(),
      fc.constantFrom(AWS, MACHINE),
      (from, to, wish, isProven, defaults) => {
        const planned = planShift({ from, to, rollout: rollout(wish), defaults, isProven }).steps;
        const shares = planned.map(({ percent }) => percent);

        expect(shares.at(-1)).toBe(100);
        expect(new Set(shares).size).toBe(shares.length);
        expect(shares.toSorted((a, b) => a - b)).toEqual(shares);
        if (from === null || mechanismOf(from) !== mechanismOf(to)) {
          expect(shares).toEqual([100]);
        }
      },
    ),
  );
});
