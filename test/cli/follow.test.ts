import type { CursoredEvent } from '#control/streams.ts';
import { followDeployment } from '../../src/cli/follow.ts';
import type { Output, Room } from '../../src/cli/output.ts';
import { eventually } from '../support/clock/eventually.ts';

const told = (state: string) =>
  ({
    cursor: '',
    event: {
      'detail-type': 'Deployment State Change',
      detail: {
        ...{ deploymentId: 'd1', model: 'iris', version: 1, state, reason: '', fix: '' },
        data: {},
      },
    },
  }) as unknown as CursoredEvent;

it('following a deployment shows between its events what its build does', async () => {
  const lines: string[] = [];
  const built = Promise.withResolvers<void>();
  let draw: ((room: Room) => readonly string[]) | undefined;
  const room = { columns: 80, rows: 24 };
  const output: Output = {
    room: () => room,
    line: (text) => void lines.push(text),
    data: () => undefined,
    busy(shown) {
      draw = shown;
      return () => {
        draw = undefined;
      };
    },
  };
  async function* events() {
    yield told('Admitted');
    yield told('Building');
    await built.promise;
    yield told('Live');
  }
  const build = {
    ...{ deploymentId: 'd1', place: null, stage: 'loading the model', leftMs: 9_000 },
    lines: ['a warning'],
  };
  const options = {
    output,
    startedAtMs: 0,
    begun: 'Uploaded',
    listBuilds: async () => ({ builds: [build] }),
  };

  const following = followDeployment(events(), options);
  const before = draw?.(room);
  await eventually(() => draw?.(room)[0]?.includes('loading'));
  const during = draw?.(room);
  built.resolve();
  const end = await following;

  expect(before).toEqual([expect.stringMatching(/ s {2}Uploaded …$/)]);
  expect(during).toEqual([
    expect.stringMatching(/^iris v1 .* loading the model, 9 s left$/),
    '  a warning',
  ]);
  expect(lines.map((line) => line.replace(/^.* s {2}/, ''))).toEqual([
    'Admitted     iris v1',
    'Building     iris v1',
    'Live         iris v1',
  ]);
  expect(end.detail.state).toBe('Live');
  expect(draw).toBeUndefined();
});

it('following a deployment says in plain lines what its build does where there is no terminal, each stage once', async () => {
  const lines: string[] = [];
  const built = Promise.withResolvers<void>();
  const stages = [
    null,
    'installing 3 of 31 packages',
    'installing 9 of 31 packages',
    'loading the model',
  ];
  let looks = 0;
  async function* events() {
    yield told('Building');
    await built.promise;
    yield told('Live');
  }
  const output: Output = {
    room: () => null,
    line: (text) => void lines.push(text.replace(/^.* s {2}/, '').trim()),
    data: () => undefined,
    busy: () => () => undefined,
  };
  const listBuilds = async () => {
    const stage = stages[Math.min(looks++, 3)] ?? null;
    return { builds: [{ deploymentId: 'd1', place: null, stage, leftMs: null, lines: [] }] };
  };

  const following = followDeployment(events(), { output, startedAtMs: 0, begun: '', listBuilds });
  await eventually(() => lines.some((line) => line.includes('loading')));
  built.resolve();
  await following;

  expect(lines).toEqual([
    'Building     iris v1',
    'iris v1  installing 3 of 31 packages',
    'iris v1  loading the model',
    'Live         iris v1',
  ]);
});

it('following a deployment goes on where nobody may look at its build', async () => {
  const looked = Promise.withResolvers<void>();
  async function* events() {
    yield told('Building');
    await looked.promise;
    yield told('Live');
  }
  const output: Output = {
    room: () => ({ columns: 80, rows: 24 }),
    line: () => undefined,
    data: () => undefined,
    busy: () => () => undefined,
  };

  const end = await followDeployment(events(), {
    ...{ output, startedAtMs: 0, begun: 'Uploaded' },
    async listBuilds() {
      looked.resolve();
      throw new Error('denied');
    },
  });

  expect(end.detail.state).toBe('Live');
});

it('whoever follows a deployment may leave it, which goes on', async () => {
  const [lines, left] = [[] as string[], new AbortController()];
  async function* events() {
    yield told('Building');
    await Promise.withResolvers().promise;
  }
  const output: Output = {
    room: () => null,
    line: (text) => void lines.push(text),
    data: () => undefined,
    busy: () => () => undefined,
  };
  const listBuilds = async () => ({ builds: [] });

  const following = followDeployment(events(), {
    ...{ output, startedAtMs: 0, begun: '', listBuilds },
    left: left.signal,
  });
  const ended = expect(following).rejects.toMatchObject({
    message: 'the deployment of iris v1 goes on, and is no longer followed here',
    fix: '`slipway status` says how it stands; `slipway abort iris` gives it up.',
  });
  await eventually(() => lines.length > 0);
  left.abort();

  await ended;
});

it('following a deployment draws nothing while its user is asked', async () => {
  const drawn: string[] = [];
  const output: Output = {
    room: () => null,
    line: (text) => void drawn.push(text.replace(/^.* s {2}/, '').trim()),
    data: () => undefined,
    busy() {
      drawn.push('draws');
      return () => void drawn.push('stops');
    },
  };
  async function* events() {
    yield told('Waiting');
    yield told('Live');
  }
  const asks = ({ detail }: { detail: { state: string } }) =>
    detail.state === 'Waiting'
      ? Promise.resolve(drawn.push('asks')).then(() => undefined)
      : undefined;

  await followDeployment(events(), {
    ...{
      output,
      startedAtMs: 0,
      begun: 'Uploaded',
      listBuilds: async () => ({ builds: [] }),
      asks,
    },
  });

  expect(drawn.map((line) => line.replace(/ +iris v1$/, ''))).toEqual([
    ...['draws', 'Waiting', 'asks', 'stops', 'draws', 'Live', 'stops'],
  ]);
});
