import { randomInt } from 'node:crypto';
import { carryOut, pairsOf, singleFaults } from '../support/fault-plan.ts';
import { FAULT_SCENARIOS } from '../support/fault-scenarios.ts';
import { seeded } from '../support/seeded.ts';

const PAIRS = 300;
const FIVE_MINUTES_MS = 300_000;
const seed = randomInt(2 ** 31);

it(
  `two faults in one run leave every invariant as it is; the seed is ${seed}`,
  async () => {
    const problems: string[] = [];
    let both = 0;

    for (const plan of pairsOf(await singleFaults(FAULT_SCENARIOS), PAIRS, seeded(seed))) {
      const outcome = await carryOut(plan);
      problems.push(...outcome.problems);
      if (outcome.run.fired.length === 2) both += 1;
    }

    process.stdout.write(`${both} of ${PAIRS} pairs have happened whole; seed ${seed}\n`);
    expect(problems).toEqual([]);
    expect(both).toBeGreaterThan(PAIRS / 2);
  },
  FIVE_MINUTES_MS,
);
