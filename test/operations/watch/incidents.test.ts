import type { Incident } from '#domain/incident.ts';
import { incidents } from '#operations/watch/incidents.ts';
import { fakeClock } from '../../support/clock/fake-clock.ts';

const OF = { model: 'digits', version: 1, revision: 'digits-v1', deploymentId: 'd1' };
const CRASH = {
  cause: 'crash',
  reason: 'the model server of digits-v1 exited with code 1',
} as const;
const MINUTE_MS = 60_000;

describe('what befalls the servers of a version', () => {
  function told() {
    const clock = fakeClock(0);
    const noted: Incident[] = [];
    const noteIncident = async (_: object, incident: Incident) => void noted.push(incident);
    const tell = incidents({ registry: { noteIncident }, clock, onProblem: fail });
    return { clock, noted, tell };
  }

  it('is told at once, by what it was', () => {
    const { noted, tell } = told();

    tell.ended(OF, CRASH);
    tell.ended(OF, { cause: 'memory', reason: 'it used 530 MiB' });
    tell.ended(OF, { cause: 'hang', reason: 'it did not answer' });

    expect(noted.map(({ state, data }) => [state, data])).toEqual([
      ['Restarted', { cause: 'crash', times: 1 }],
      ['OutOfMemory', { cause: 'memory', times: 1 }],
      ['Unhealthy', { cause: 'hang', times: 1 }],
    ]);
    expect(noted[1]?.fix).toContain('resources: { memory: 2Gi }');
  });

  it('is told four times an hour while a server restarts in a loop, with how often it did', () => {
    const { clock, noted, tell } = told();

    for (let minute = 0; minute < 60; minute += 1) {
      for (let each = 0; each < 100; each += 1) tell.ended(OF, CRASH);
      clock.advance(MINUTE_MS);
    }

    expect(noted.map(({ data }) => data['times'])).toEqual([1, 1500, 1500, 1500]);
    expect(noted[1]?.reason).toBe(`${CRASH.reason}; 1500 times since the last event of this kind`);
  });

  it('is told for each revision by itself', () => {
    const { noted, tell } = told();

    tell.ended(OF, CRASH);
    tell.ended({ ...OF, version: 2, revision: 'digits-v2' }, CRASH);

    expect(noted).toHaveLength(2);
  });
});

function fail(error: unknown): never {
  throw error;
}
