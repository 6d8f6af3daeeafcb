import { type Ahead, HALVES_AHEAD } from '#domain/placement/ahead.ts';
import {
  FIRST_GUESS,
  NO_LIMITS,
  type PlacedOption,
  type Question,
} from '#domain/placement/demand.ts';
import { cheapest, optionAt } from '#domain/placement/optimize.ts';
import { isWorthFollowing, planAhead } from '#domain/placement/plan-ahead.ts';

const HALF_HOURS = 12;
const MEASURED = {
  requestMs: 300,
  parallelPart: 0,
  memoryMiB: 6144,
  imageBytes: 10 ** 9,
  startMs: 3000,
};
const QUESTION: Question = {
  demand: FIRST_GUESS,
  measured: MEASURED,
  limits: NO_LIMITS,
  allowsSpot: false,
};
const demandAt = (perSecond: number) => ({
  ...{ requestsPerSecond: perSecond, peak: perSecond * 1.2 },
  ...{ hours: perSecond > 0 ? 730 : 0, days: 7 },
});

/** The coming half-days with so many requests a second. */
function aheadOf(rates: readonly number[]): Ahead {
  return {
    everyDays: 7,
    beginsMs: 0,
    demand(from, to) {
      const within = rates.slice(from, to);
      const called = within.filter((rate) => rate > 0);
      const mean = called.reduce((sum, rate) => sum + rate, 0) / Math.max(1, called.length);
      return { ...demandAt(mean), hours: (730 * called.length) / within.length };
    },
  };
}
const rates = (...parts: readonly (readonly [halves: number, perSecond: number])[]) =>
  parts.flatMap(([halves, perSecond]) => Array.from({ length: halves }, () => perSecond));

const withRate = (perSecond: number, more: Partial<Question> = {}): Question => ({
  ...QUESTION,
  ...more,
  demand: { ...FIRST_GUESS, ...demandAt(perSecond) },
});
const TASK = cheapest(withRate(3)) as PlacedOption;
const FUNCTION = cheapest(withRate(0.01)) as PlacedOption;

function planFrom(now: PlacedOption, coming: readonly number[], question = QUESTION) {
  const plan = planAhead({ now, limits: NO_LIMITS, question }, aheadOf(coming));
  const stays = plan?.stays.map(({ option, from, to }) => `${option.target} ${from} to ${to}`);
  return { plan, stays };
}

it('places the subject as the tests need it', () => {
  expect([TASK.target, FUNCTION.target]).toEqual(['fargate', 'lambda']);
});

describe('the way through the coming week', () => {
  it('leaves containers for a weekend and comes back', () => {
    const { plan, stays } = planFrom(TASK, rates([4, 3], [4, 0], [6, 3]));

    expect(stays).toEqual(['fargate 0 to 4', 'lambda 4 to 8', 'fargate 8 to 14']);
    expect(plan && isWorthFollowing(plan)).toBe(true);
    // Two days of an idle task, two moves, and an hour of both at each.
    const hourOf = (option: PlacedOption, perSecond: number) =>
      optionAt(withRate(perSecond), option).ownUsd / 730;
    const saved = 48 * hourOf(TASK, 0) - 0.2 - hourOf(FUNCTION, 0) - hourOf(TASK, 3);
    expect((plan?.stayingUsd ?? 0) - (plan?.usd ?? 0)).toBeCloseTo(saved, 6);
  });

  it('begins with a move where the weekend begins now', () => {
    expect(planFrom(TASK, rates([4, 0], [10, 3])).stays).toEqual([
      'lambda 0 to 4',
      'fargate 4 to 14',
    ]);
  });

  it('comes back at the end of a weekend, from the function', () => {
    expect(planFrom(FUNCTION, rates([10, 3], [4, 0])).stays?.[0]).toBe('fargate 0 to 10');
  });

  it('stays where nights are quiet: half a day is no stay', () => {
    const nights = rates(
      ...Array.from(
        { length: 7 },
        () =>
          [
            [1, 0],
            [1, 3],
          ] as const,
      ).flat(),
    );

    expect(planFrom(TASK, nights).stays).toEqual(['fargate 0 to 14']);
  });

  it('stays where a demand does not change, and does not ask anybody to follow that', () => {
    const { plan, stays } = planFrom(TASK, rates([HALVES_AHEAD, 3]));

    expect(stays).toEqual(['fargate 0 to 14']);
    expect(plan?.usd).toBeCloseTo(plan?.stayingUsd ?? 0, 9);
    expect(plan && isWorthFollowing(plan)).toBe(false);
  });

  it('does not move for less than a tenth', () => {
    const even =
      (optionAt(withRate(0), TASK).ownUsd / optionAt(withRate(1), FUNCTION).ownUsd) * 0.95;

    expect(planFrom(TASK, rates([4, even], [10, 3])).stays).toEqual(['fargate 0 to 14']);
  });

  it('does not move to an option that breaks a limit in some half-day of the stay', () => {
    const limits = { ...NO_LIMITS, lambdaConcurrency: 10 };

    expect(
      planFrom(TASK, rates([2, 0], [1, 40], [1, 0], [10, 3]), { ...QUESTION, limits }).stays,
    ).toEqual(['lambda 0 to 2', 'fargate 2 to 14']);
  });

  it('leaves an option that breaks a limit', () => {
    const limits = { ...NO_LIMITS, lambdaConcurrency: 10 };

    expect(planFrom(FUNCTION, rates([14, 40]), { ...QUESTION, limits }).stays?.[0]).toMatch(
      /^fargate 0 /,
    );
  });

  it('judges what runs by its own limits', () => {
    const asked = { now: TASK, limits: { ...NO_LIMITS, maxReplicas: 1 }, question: QUESTION };

    const plan = planAhead(asked, aheadOf(rates([14, 9])));

    // No more than one task may run now, and the next version may have more.
    expect(plan?.stays[0]).toMatchObject({ from: 0, to: 14, option: { target: 'fargate' } });
    expect(plan?.stays[0]?.option).not.toBe(TASK);
  });

  it('is not known where nothing keeps the limits', () => {
    const limits = {
      ...NO_LIMITS,
      lambdaConcurrency: 1,
      maxReplicas: 1,
      fargateVcpus: 1,
      ec2Vcpus: 1,
    };

    expect(
      planAhead({ now: TASK, limits, question: { ...QUESTION, limits } }, aheadOf(rates([14, 90]))),
    ).toBeUndefined();
  });

  it('prices half-days by the first tier, however busy they are: they are no month', () => {
    const refused = { fargate: 'not asked', ec2: 'not asked' };

    const { plan } = planFrom(FUNCTION, rates([14, 2000]), { ...QUESTION, refused });

    // 300 ms of 6 GB, the call and its log. A month of such half-days has 9.5 billion GB-seconds.
    const each = 0.3 * 6 * 0.0000166667 + 0.2e-6 + 0.15e-6;
    expect((plan?.stayingUsd ?? 0) / (168 * 3600 * 2000 * each)).toBeCloseTo(1, 2);
  });

  it('is worth no move where that saves less than $5 a month', () => {
    const small = { ...QUESTION, measured: { ...MEASURED, memoryMiB: 600 } };
    const now = cheapest({ ...withRate(0.1), measured: small.measured }) as PlacedOption;

    expect(planFrom(now, rates([4, 0.001], [10, 0.1]), small).stays).toEqual([
      `${now.target} 0 to 14`,
    ]);
  });
});

it('counts half-days', () => expect(HALVES_AHEAD * HALF_HOURS).toBe(168));
