import fc from 'fast-check';
import { announcePhase, announceVersion } from '#domain/announce.ts';
import type { Deployment } from '#domain/deployment.ts';
import { slipwayEvent } from '#domain/event.ts';
import { NEXT_PHASES, type Phase } from '#domain/phase.ts';
import { idOf, START_MS, upload } from '../support/worlds/registry.ts';

const { deploymentId: id, model, artifact, order, execution } = upload(1);
const deployment: Deployment = {
  id,
  kind: 'deploy',
  model,
  version: 3,
  phase: 'Ready',
  artifact,
  order,
  execution,
  attempt: 1,
  admittedAtMs: START_MS - 1000,
  phaseChangedAtMs: START_MS,
  endedAtMs: null,
  work: {},
  intents: [],
  trouble: null,
};

describe('an announcement', () => {
  it('is the next event of the deployment, at the time of its change', () => {
    const { event, deployment: record } = announcePhase(
      { deployment, sequence: 4 },
      { reason: 'it answers', fix: 'nothing', data: { loadMs: 120 } },
    );

    expect(record).toEqual({ deployment, sequence: 5 });
    expect(event).toEqual({
      source: 'slipway',
      'detail-type': 'Deployment State Change',
      detail: {
        schema: 1,
        eventId: `${idOf(1)}-5`,
        sequence: 5,
        deploymentId: idOf(1),
        model: 'shapes',
        version: 3,
        time: '2026-01-02T03:04:05.678Z',
        state: 'Ready',
        reason: 'it answers',
        fix: 'nothing',
        data: { loadMs: 120 },
      },
    });
  });

  it('needs no words', () => {
    const { event } = announcePhase({ deployment, sequence: 0 }, {});

    expect(event?.detail).toMatchObject({ reason: '', fix: '', data: {} });
  });

  it('is not made of a deployment that rolls back', () => {
    const record = { deployment: { ...deployment, phase: 'RollingBack' }, sequence: 4 } as const;

    expect(announcePhase(record, {})).toEqual({ deployment: record, event: undefined });
  });

  it.each(['Retired', 'Removed'] as const)('tells which version is %s', (state) => {
    const version = {
      model,
      version: 2,
      revision: 'shapes-v2',
      deploymentId: idOf(7),
      target: 'lambda',
      state,
      liveAtMs: START_MS,
    } as const;

    const { event, deployment: record } = announceVersion({ deployment, sequence: 8 }, version, {
      state,
      nowMs: START_MS + 1,
    });

    expect(record.sequence).toBe(9);
    expect(event).toMatchObject({
      'detail-type': 'Version State Change',
      detail: {
        eventId: `${idOf(1)}-9`,
        deploymentId: idOf(1),
        version: 2,
        time: '2026-01-02T03:04:05.679Z',
        state,
      },
    });
    expect(event?.detail.reason).toContain('shapes-v2');
  });

  it('always is an event as published', () => {
    const phase = fc.constantFrom(...(Object.keys(NEXT_PHASES) as Phase[]));
    const words = fc.record({ reason: fc.string(), fix: fc.string() }, { requiredKeys: [] });
    const version = fc.option(fc.integer({ min: 1 }));
    const time = fc.integer({ min: 0, max: Date.parse('9999-12-31') });
    fc.assert(
      fc.property(
        phase,
        words,
        version,
        time,
        fc.nat(),
        (phase, words, version, time, sequence) => {
          const changed = { ...deployment, phase, version, phaseChangedAtMs: time };
          const { event } = announcePhase({ deployment: changed, sequence }, words);
          if (event) expect(slipwayEvent.parse(event)).toEqual(event);
          expect(event === undefined).toBe(phase === 'RollingBack');
        },
      ),
    );
  });
});
