import { KINDS } from './fault-kinds.ts';
import { carryOut, faultOf, fewer, singleFaults } from './fault-plan.ts';
import type { FaultScenario } from './fault-scenarios.ts';

/** The tests of some scenarios: a run for each fault at each call, and in the end how many of each kind there were. */
export async function faultMatrix(
  what: string,
  scenarios: readonly FaultScenario[],
): Promise<void> {
  const all = await singleFaults(scenarios);
  const plans = fewer(all);
  const fired = new Map<string, number>();

  describe(`${what}, at whichever call`, () => {
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
      process.stdout.write(`${what}: ${runs} faults (${kinds}), ${left} alike left out\n`);
    });
  });
}

const MANY = 20;
const TEN_MINUTES_MS = 600_000;
