import { covering, type Plan } from './plan.ts';

const planOf = (name: string, target: string, method: string, kind = 'twice') =>
  ({
    scenario: { name, target },
    reference: { calls: [{ at: 0, method, state: 'ShiftTraffic' }] },
    faults: [{ at: 0, kind }],
  }) as unknown as Plan;

const PLANS = [
  planOf('first', 'lambda', 'router.setShares'),
  planOf('upgrade', 'lambda', 'router.setShares'),
  planOf('upgrade', 'lambda', 'router.setShares', 'late'),
  planOf('upgrade', 'lambda', 'router.shares'),
  planOf('upgrade', 'fargate', 'fargate.create'),
  planOf('upgrade', 'ec2', 'ec2.create'),
  planOf('move', 'ec2', 'ec2.create'),
];
const MOST_ALIKE = 3;
const ERRORS = ['error before', 'throttled', 'late'];

describe('the runs that a seed chooses', () => {
  it('are one for each fault at each call in a state, whatever the scenario', () => {
    const onLambda = covering(PLANS, 0).filter(({ scenario }) => scenario.target === 'lambda');

    expect(onLambda).toEqual([PLANS[0], PLANS[2], PLANS[3]]);
  });

  it('are one of both targets in containers', () => {
    const chosen = covering(PLANS, 0).filter(({ scenario }) => scenario.target !== 'lambda');

    expect(chosen).toHaveLength(1);
  });

  it('are one of the errors at a read, another with each seed, and all of them at a change', () => {
    const planned = (method: string) =>
      ERRORS.map((kind) => planOf('first', 'lambda', method, kind));
    const kindsAt = (method: string, seed: number) =>
      covering(planned(method), seed).map(({ faults }) => faults[0]?.kind);

    expect(ERRORS.flatMap((_, seed) => kindsAt('router.shares', seed))).toEqual(ERRORS);
    expect(kindsAt('router.setShares', 0)).toEqual(ERRORS);
  });

  it('are the same for the same seed', () => {
    expect(covering(PLANS, 7)).toEqual(covering(PLANS, 7));
  });

  it('are all of them after as many seeds as there are alike', () => {
    const seeds = Array.from({ length: MOST_ALIKE }, (_, seed) => seed);

    const chosen = new Set(seeds.flatMap((seed) => covering(PLANS, seed)));

    expect(chosen.size).toBe(PLANS.length);
  });
});
