import { readdirSync, readFileSync } from 'node:fs';
import { isOrdered } from '../support/faults/matrix.ts';
import { carryOut, singleFaults } from '../support/faults/plan.ts';
import { renamed } from '../support/faults/renamed.ts';
import { faultRun } from '../support/faults/run.ts';
import { scenariosOn } from '../support/faults/scenarios.ts';
import { again, SEED, seeded } from '../support/fuzz/seeded.ts';

const ON_EC2 = scenariosOn('ec2');
const ON_FARGATE = scenariosOn('fargate');
const FAULTS = 40;
const AGAIN = again('workflows/mechanisms');

const sources = ['steps', 'domain'].flatMap((folder) => {
  const root = new URL(`../../src/${folder}/`, import.meta.url);
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({
      file: `${folder}/${file}`,
      text: readFileSync(new URL(file, root), 'utf8'),
    }));
});

// As long as these tests pass, the results of test/matrix on Fargate hold on EC2 too.
describe('Fargate and EC2', () => {
  it('are told apart where a target is chosen, and by the names of two steps', () => {
    const naming = sources.filter(({ text }) => /'(fargate|ec2)'/.test(text));

    expect(naming.map(({ file }) => file).toSorted()).toEqual([
      'domain/placement/choose-target.ts',
      // Each has its own sizes and prices.
      'domain/placement/container-options.ts',
      'domain/placement/demand-curve.ts',
      // A version on EC2 may have no named instance.
      'domain/placement/look-again.ts',
      'domain/placement/target.ts',
      'domain/placement/ways.ts',
      // Each has its own quota of vCPUs.
      'steps/choose-target.ts',
      'steps/provision-ec2.ts',
      'steps/provision-fargate.ts',
      // A revision that does not exist.
      'steps/sweep-touch.ts',
    ]);
  });

  it.each(ON_EC2.map((onEc2, at) => ({ onEc2, onFargate: ON_FARGATE[at]!, name: onEc2.name })))(
    'are the same in every call, moment and event: $name',
    async ({ onEc2, onFargate }) => {
      const run = await faultRun(onEc2);

      expect(run.digest.ends.at(-1)).toBe(onEc2.ends);
      expect(renamed(run)).toBe(renamed(await faultRun(onFargate)));
    },
  );

  it('are the same, whatever befalls a call', async () => {
    const [onEc2, onFargate] = [await singleFaults(ON_EC2), await singleFaults(ON_FARGATE)];
    const pairs = onEc2
      .map((plan, at) => [plan, onFargate[at]!] as const)
      .filter(([plan]) => !isOrdered(plan));
    const random = seeded(SEED);

    for (let run = 0; run < FAULTS; run += 1) {
      const [plan, other] = pairs[Math.floor(random() * pairs.length)]!;
      const seen = renamed((await carryOut(plan)).run);

      expect({ again: AGAIN, seen }).toEqual({
        again: AGAIN,
        seen: renamed((await carryOut(other)).run),
      });
    }
  });
});
