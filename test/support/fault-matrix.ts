import type { Target } from '#domain/target.ts';
import { KINDS } from './fault-kinds.ts';
import { carryOut, faultOf, fewer, singleFaults } from './fault-plan.ts';
import { FAULT_SCENARIOS } from './fault-scenarios.ts';

/** The tests of one target: a run for each fault at each call, and in the end how many of each kind there were. */
export async function faultMatrix(target: Target): Promise<void> {
  const all = await singleFaults(FAULT_SCENARIOS.filter((it) => it.target === target));
  const plans = fewer(all);
  const fired = new Map<string, number>();

  describe(`on ${target}, whatever is done and at whichever call`, () => {
    it.each(KINDS)(
      '`%s` leaves every invariant as it is',
      async (kind) => {
        const problems: string[] = [];

        for (const plan of plans.filter((it) => faultOf(it).kind === kind)) {
          const outcome = await carryOut(plan);
          problems.push(...outcome.problems);
          const [first] = outcome.run.fired;
          if (first) fired.set(first.kind, (fired.get(first.kind) ?? 0) + 1);
        }

        expect(problems).toEqual([]);
        expect(fired.get(kind)).toBeGreaterThan(MANY);
      },
      TEN_MINUTES_MS,
    );

    afterAll(() => {
      const kinds = [...fired].map(([kind, count]) => `${count} ${kind}`).join(', ');
      const runs = [...fired.values()].reduce((sum, count) => sum + count, 0);
      const left = all.length - plans.length;
      process.stdout.write(`${target}: ${runs} faults (${kinds}), ${left} alike left out\n`);
    });
  });
}

const MANY = 50;
const TEN_MINUTES_MS = 600_000;
