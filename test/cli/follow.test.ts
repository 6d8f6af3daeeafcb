import type { BuildProgress, CursoredEvent } from '#compose/slipway.ts';
import type { SlipwayEvent } from '#domain/event.ts';
import { followDeployment } from '../../src/cli/follow.ts';

const event = (state: string): CursoredEvent => ({
  cursor: state,
  event: {
    'detail-type': 'Deployment State Change',
    detail: {
      model: 'digits',
      version: 1,
      state,
      reason: '',
      fix: '',
      data: {},
      deploymentId: 'd1',
    },
  } as unknown as SlipwayEvent,
});

const build = (of: BuildProgress['of'], phase: string): BuildProgress => ({
  ...{ of, phase, status: 'IN_PROGRESS', phases: [] },
  lines: ['one', 'two'],
});

describe('a deployment that is followed', () => {
  it('tells each phase of its build, with the last lines of its log where one waits', async () => {
    const said: string[] = [];
    const waits: string[] = [];
    let waiting = () => '';
    const looked = Promise.withResolvers<void>();
    async function* events() {
      yield event('Building');
      await looked.promise;
      waits.push(waiting());
      yield event('Failed');
    }

    const end = await followDeployment(events(), {
      output: {
        line: (text) => void said.push(text.replace(/^ *[\d.]+ s {2}/, '')),
        data: () => undefined,
        busy(text) {
          waiting = text;
          return () => undefined;
        },
      },
      startedAtMs: 0,
      begun: 'Uploaded',
      async build(deploymentId) {
        expect(deploymentId).toBe('d1');
        setImmediate(looked.resolve);
        return build('environment', 'PRE_BUILD');
      },
    });

    expect(end.detail.state).toBe('Failed');
    expect(said).toEqual([
      'Building     digits v1',
      'Building     environment PRE_BUILD',
      'Failed       digits v1',
    ]);
    expect(waits[0]).toMatch(/environment PRE_BUILD …\none\ntwo$/);
  });

  it('goes on where nobody may look at its build', async () => {
    async function* events() {
      yield event('Building');
      yield event('Live');
    }

    const end = await followDeployment(events(), {
      output: { line: () => undefined, data: () => undefined, busy: () => () => undefined },
      startedAtMs: 0,
      begun: 'Uploaded',
      build: () => Promise.reject(new Error('denied')),
    });

    expect(end.detail.state).toBe('Live');
  });
});
