import { modelLog, requireModel } from '#compose/model-status.ts';
import { memoryBuildLog } from '../support/memory/build-log.ts';
import { memoryRegistry } from '../support/memory/registry.ts';
import { goneLive, holding, idOf, registryWorld } from '../support/worlds/registry.ts';

const RUNNING = { group: 'builds', stream: 'running' };
const FAILED = { group: 'builds', stream: 'failed' };

describe('the log of a model', () => {
  function logged() {
    const world = registryWorld(memoryRegistry);
    const buildLog = memoryBuildLog();
    buildLog.write(RUNNING, ['installing']);
    buildLog.write(FAILED, ['no module']);
    const running = new Set<string>();
    const logs = {
      platforms: { lambda: { logTail: async (revision: string) => [`a line of ${revision}`] } },
      buildLog,
      running: (deployment: string) => (running.has(deployment) ? RUNNING : null),
    };
    const log = async () =>
      modelLog(world.registry, logs, await requireModel(world.registry, 'shapes'));
    return { world, running, log };
  }

  it('is what its newest revision wrote', async () => {
    const { world, log } = logged();

    await goneLive(world, 1);

    expect(await log()).toEqual({ revision: 'shapes-v1', lines: ['a line of shapes-v1'] });
  });

  it('is that of the live one while the newest has neither server nor build', async () => {
    const { world, log } = logged();
    await world.registry.releaseLease(await goneLive(world, 1));

    await holding(world, 2);

    expect(await log()).toMatchObject({ revision: 'shapes-v1' });
  });

  it('is that of a build while it runs, and of one that has failed', async () => {
    const { world, running, log } = logged();
    await world.registry.releaseLease(await goneLive(world, 1));
    const holder = await holding(world, 2);

    running.add(idOf(2));
    expect(await log()).toEqual({ revision: null, lines: ['installing'] });
    running.clear();
    await world.registry.recordWork(holder, { buildLog: FAILED });

    expect(await log()).toEqual({ revision: null, lines: ['no module'] });
  });
});
