import { faultRun } from '../support/faults/run.ts';
import { INVARIANTS, violations } from '../support/invariants/invariants.ts';
import { END_BUGS } from '../support/planted-bugs/ends.ts';
import { HEALTH_BUGS } from '../support/planted-bugs/health.ts';
import { TRAFFIC_BUGS } from '../support/planted-bugs/traffic.ts';

const BUGS = [...TRAFFIC_BUGS, ...END_BUGS, ...HEALTH_BUGS];

describe('planted bugs', () => {
  it.each(BUGS)('$caught shows $bug: $what', async ({ scenario, caught, ...bug }) => {
    const reference = await faultRun(scenario);
    const run = await faultRun(scenario, bug);

    const found = INVARIANTS[caught]!({ run, reference, isSame: true });

    expect(violations({ run: reference, reference, isSame: true })).toEqual([]);
    expect(reference.digest.ends.at(-1)).toBe(scenario.ends);
    expect(found).not.toEqual([]);
  });

  it('has twenty, each of another kind', () => {
    expect(new Set(BUGS.map(({ bug }) => bug)).size).toBe(20);
  });
});
