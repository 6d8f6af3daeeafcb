// Checks every invariant in runs with two faults. `node bench/fault-pairs.ts [--pairs 20000] [--seed N]`
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { carryOut, pairsOf, singleFaults } from '../test/support/faults/plan.ts';
import { FAULT_SCENARIOS } from '../test/support/faults/scenarios.ts';
import { seeded } from '../test/support/fuzz/seeded.ts';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
  },
});
const wanted = Number(values.pairs);
const plans = pairsOf(await singleFaults(FAULT_SCENARIOS), wanted, seeded(Number(values.seed)));

const startedAt = performance.now();
let both = 0;
let violations = 0;
for (const plan of plans) {
  const { run, problems } = await carryOut(plan);
  if (run.fired.length === 2) both += 1;
  violations += problems.length;
  for (const problem of problems) console.log(problem);
}
const seconds = (performance.now() - startedAt) / 1000;
console.log(
  `${wanted} pairs (${both} happened whole), seed ${values.seed}: ${violations} violations, ${(wanted / seconds).toFixed(0)} runs/s`,
);
process.exitCode = violations > 0 ? 1 : 0;
