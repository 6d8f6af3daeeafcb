import { type LogsQuery, modelLog, requireModel } from '#operations/models/model-status.ts';
import { memoryBuildLog } from '../support/memory/build-log.ts';
import { memoryBuilds } from '../support/memory/builds.ts';
import { memoryEnvironments } from '../support/memory/environments.ts';
import { memoryRegistry } from '../support/memory/registry.ts';
import { goneLive, holding, idOf, registryWorld } from '../support/worlds/registry.ts';

const RUNNING = { group: 'builds', stream: 'running' };
const BUILD = { of: 'image', status: 'IN_PROGRESS', phase: 'BUILD', phases: [] } as const;
const FAILED = { group: 'builds', stream: 'failed' };

describe('the log of a model', () => {
  function logged() {
    const world = registryWorld(memoryRegistry);
    const buildLog = memoryBuildLog();
    buildLog.write(RUNNING, ['installing']);
    buildLog.write(FAILED, ['no module']);
    const builds = memoryBuilds(memoryEnvironments());
    const logs = {
      platforms: {
        lambda: {
          logTail: async (revision: string) => [{ timeMs: 0, text: `a line of ${revision}` }],
        },
      },
      buildLog,
      builds: builds.builds,
    };
    const log = async (query: LogsQuery = {}) =>
      modelLog(world.registry, logs, {
        model: await requireModel(world.registry, 'shapes'),
        query,
      });
    return { world, builds, buildLog, log };
  }

  it('is what its newest revision wrote', async () => {
    const { world, log } = logged();

    await goneLive(world, 1);

    expect(await log()).toEqual({
      revision: 'shapes-v1',
      lines: ['1970-01-01T00:00:00.000Z a line of shapes-v1'],
    });
  });

  it('is that of the live one while the newest has neither server nor build', async () => {
    const { world, log } = logged();
    await world.registry.releaseLease(await goneLive(world, 1));

    await holding(world, 2);

    expect(await log()).toMatchObject({ revision: 'shapes-v1' });
  });

  it.each([
    [
      'after that of the live one',
      true,
      'shapes-v1',
      [
        'shapes-v1, which is live:',
        '1970-01-01T00:00:00.000Z a line of shapes-v1',
        '',
        'the build of v2:',
      ],
    ],
    ['alone where none is live', false, null, []],
  ])(
    'is that of a build while it runs and once it has failed, %s',
    async (_, isLive, revision, before) => {
      const { world, builds, log } = logged();
      if (isLive) await world.registry.releaseLease(await goneLive(world, 1));
      const holder = await holding(world, 2);

      await world.registry.advance(holder, 'Inspected', {}, {});
      await world.registry.advance(holder, 'Building', {}, {});
      builds.has(idOf(2), { ...BUILD, log: RUNNING });
      expect(await log()).toEqual({
        revision,
        lines: [...before, '1970-01-01T00:00:00.000Z installing'],
      });
      builds.has(idOf(2), { ...BUILD, log: null });
      await world.registry.recordWork(holder, { buildLog: FAILED });

      expect(await log()).toEqual({
        revision,
        lines: [...before, '1970-01-01T00:00:00.000Z no module'],
      });
    },
  );

  it('is of a build the last lines that are asked for, and none from before', async () => {
    const { world, builds, buildLog, log } = logged();
    buildLog.write(RUNNING, ['first', 'second', 'third']);
    const holder = await holding(world, 1);
    await world.registry.advance(holder, 'Inspected', {}, {});
    await world.registry.advance(holder, 'Building', {}, {});
    builds.has(idOf(1), { ...BUILD, log: RUNNING });

    const [second, third] = ['.001Z second', '.002Z third'].map(
      (end) => `1970-01-01T00:00:00${end}`,
    );
    expect(await log({ tail: 2 })).toEqual({ revision: null, lines: [second, third] });
    expect(await log({ sinceMs: 1 })).toEqual({ revision: null, lines: [second, third] });
    expect(await log({ sinceMs: 1, tail: 1 })).toEqual({ revision: null, lines: [third] });
    expect(await log({ sinceMs: 3 })).toEqual({ revision: null, lines: [] });
  });
});
