import { faulty } from '../support/faults/faults.ts';
import { complaints } from '../support/worlds/complaints.ts';
import { callsOf, slowWorld, UPGRADE } from '../support/worlds/scenarios.ts';

const calls = await callsOf(UPGRADE);
const methods = [...new Set(calls.map(({ method }) => method))];

describe('when a port denies a call', () => {
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
