import { again, SEED, seeded } from '../fuzz/seeded.ts';
import { carryOut, pairsOf, singleFaults } from './plan.ts';
import { FAULT_SCENARIOS } from './scenarios.ts';

const TEN_MINUTES_MS = 600_000;

/** The test of so many pairs of faults, which the seed has chosen; `path` is its file's. */
export function pairsTest(count: number, path: string): void {
  it(
    'two faults in one run leave every invariant as it is',
    async () => {
      const problems: string[] = [];
      let both = 0;

      for (const plan of pairsOf(await singleFaults(FAULT_SCENARIOS), count, seeded(SEED))) {
        const outcome = await carryOut(plan);
        problems.push(...outcome.problems);
        if (outcome.run.fired.length === 2) both += 1;
      }

      process.stdout.write(`${both} of ${count} pairs happened whole; again: ${again(path)}\n`);
      expect({ again: again(path), problems }).toEqual({ again: again(path), problems: [] });
      expect(both).toBeGreaterThan(count / 2);
    },
    TEN_MINUTES_MS,
  );
}
