import { complaints } from '../support/complaints.ts';
import { type Call, type Fault, faulty } from '../support/faults.ts';
import {
  callsOf,
  faultsAfter,
  SCENARIOS,
  type Scenario,
  slowWorld,
  UPGRADE,
} from '../support/scenarios.ts';

const FAULTS = [
  { fault: 'throttled', what: 'is throttled once' },
  { fault: 'reply lost', what: 'loses a reply' },
] as const;

/** Every call of one method, each in a run of its own. */
const cases = await Promise.all(
  SCENARIOS.map(async (scenario) => {
    const calls = await callsOf(scenario);
    const methods = [...new Set(calls.map(({ method }) => method))];
    return { scenario, methods, calls };
  }),
);

describe.each(FAULTS)('when a port $what', ({ fault }) => {
  describe.each(cases)('$scenario.name ends as ever', ({ scenario, methods, calls }) => {
    it.each(methods)('%s', async (wanted) => {
      const problems: string[] = [];

      for (const call of calls.filter(({ method }) => method === wanted)) {
        problems.push(...(await problemsOf(scenario, call, fault)));
      }

      expect(problems).toEqual([]);
    });
  });
});

describe('when a port denies a call', () => {
  const { methods, calls } = cases.find(({ scenario }) => scenario === UPGRADE)!;

  it.each(methods)('an upgrade is given up, or goes on where it is live: %s', async (wanted) => {
    const problems: string[] = [];

    for (const call of calls.filter(({ method }) => method === wanted)) {
      const world = slowWorld();
      const event = await UPGRADE.prepare(world);
      world.tap(faulty(call, 'denied', world.stop));
      await world.run(event);
      problems.push(...(await complaints(world)), ...world.outages);
    }

    expect(problems).toEqual([]);
  });
});

async function problemsOf(scenario: Scenario, call: Call, fault: Fault): Promise<string[]> {
  const world = slowWorld();
  const event = await scenario.prepare(world);
  world.tap(faulty(call, fault, world.stop));

  const { error } = await world.run(event);

  const isIncident = ['Failed', 'RolledBack'].includes(scenario.ends);
  const found = [...(await faultsAfter(world, scenario))];
  if (isIncident !== (error !== '')) found.push(`the execution has ended with \`${error}\``);
  return found.map((problem) => `${call.method} ${call.nth} in ${call.state}: ${problem}`);
}
