import { type Mechanism, mechanismOf } from '#domain/placement/target.ts';
import { share } from '../fuzz/runs.ts';
import { again, SEED } from '../fuzz/seeded.ts';
import { KINDS, type Kind } from './kinds.ts';
import { carryOut, covering, faultOf, fewer, type Plan, singleFaults } from './plan.ts';
import { FAULT_SCENARIOS } from './scenarios.ts';

const TEN_MINUTES_MS = 600_000;

/** The tests of one fault at each call of every scenario, or at a third of them: calls that are the same on Fargate and EC2 are tested on Fargate. `path` is their file's. */
export function faultMatrix(kind: Kind, path: string): void {
  let runs = 0;

  describe(`\`${kind}\`, at whichever call, leaves every invariant as it is`, () => {
    it.each(FAULT_SCENARIOS)(
      '$name on $target',
      async (scenario) => {
        const own = distinct(await singleFaults([scenario])).filter(
          (plan) => faultOf(plan).kind === kind,
        );
        const plans = share(own);
        runs += plans.length;

        expect(await problemsOf(plans, again(path))).toEqual([]);
      },
      TEN_MINUTES_MS,
    );

    afterAll(() => {
      process.stdout.write(`${kind}: ${runs} runs\n`);
    });
  });
}

/** The runs that differ from each other: a loop repeats the same calls, and EC2 those of Fargate. */
export function distinct(plans: readonly Plan[]): readonly Plan[] {
  return fewer(plans).filter((plan) => plan.scenario.target !== 'ec2' || isOrdered(plan));
}

/** The sweep lists the revisions on Fargate before those on EC2: whether a fault there comes before or after those of a model is not the same on both. */
export function isOrdered(plan: Plan): boolean {
  return /^sweep:(fargate|ec2)\.revisions$/.test(faultOf(plan).method);
}

/** The tests of one fault at each call in each state, in the scenarios and on the targets that the seed has chosen; `path` is their file's. */
export function faultsIn(mechanism: Mechanism, path: string): void {
  describe(`whatever befalls a call of a ${mechanism}'s deployment`, () => {
    const own = FAULT_SCENARIOS.filter(({ target }) => mechanismOf({ target }) === mechanism);
    let plans: readonly Plan[] = [];

    beforeAll(async () => {
      plans = covering(fewer(await singleFaults(own)), SEED);
      process.stdout.write(`${plans.length} runs; the same again: ${again(path)}\n`);
    });

    it.each(KINDS)(
      '`%s` leaves every invariant as it is',
      async (kind) => {
        const planned = plans.filter((plan) => faultOf(plan).kind === kind);

        expect(planned.length).toBeGreaterThan(20);
        expect(await problemsOf(planned, again(path))).toEqual([]);
      },
      TEN_MINUTES_MS,
    );
  });
}

/** The problems after the runs; where there are any, the command that makes the runs again comes first. */
async function problemsOf(plans: readonly Plan[], command: string): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const plan of plans) problems.push(...(await carryOut(plan)).problems);
  return problems.length > 0 ? [command, ...problems] : problems;
}
