import { Failure } from '#domain/failure.ts';
import { sweep } from '#steps/sweep.ts';
import type { MemoryWorld } from '../support/worlds/memory.ts';
import { HOUR_MS, MINUTE_MS, NOTHING, PERIOD_MS, sweptWorld } from '../support/worlds/swept.ts';

const FARGATE = 'placement: {target: fargate}';

/** A model whose second version is live, by default on Lambda. */
async function served(manifest?: string) {
  const swept = sweptWorld();
  const { world } = swept;
  for (let version = 1; version <= 2; version += 1) {
    await world.deploy(world.upload(manifest ? { manifest } : {}));
  }
  return { ...swept, epoch: (await world.registry.lease('digits'))!.epoch };
}

async function drift({ router, registry }: MemoryWorld): Promise<void> {
  const { epoch } = (await registry.lease('digits'))!;
  const held = await router.shares('digits');
  await router.setShares('digits', { 'digits-v1': 50, 'digits-v2': 50 }, held, epoch);
}

describe('a live model is repaired', () => {
  it('when its shares are not as they should be', async () => {
    const { world, starts, run } = await served();
    await drift(world);

    const { repaired } = await run();

    expect(repaired).toEqual([expect.stringMatching(/^digits-repair-[\da-f]{16}-a1$/)]);
    expect(starts).toEqual([
      {
        workflow: 'rollback',
        name: repaired[0],
        input: {
          kind: 'repair',
          deploymentId: expect.stringMatching(/^[\da-f]{32}$/),
          model: 'digits',
          to: 2,
          reason: 'digits-v2 is live, but the shares were {"digits-v1":50,"digits-v2":50}',
        },
      },
    ]);
  });

  it('when its route is gone', async () => {
    const { world, run, epoch } = await served();
    await world.router.remove('digits', epoch);

    expect((await run()).repaired).toHaveLength(1);
  });

  it('when its live revision is gone', async () => {
    const { world, starts, run, epoch } = await served();
    await world.lambda.remove('digits-v2', epoch);

    await run();

    expect(starts).toMatchObject([{ input: { reason: 'digits-v2 is live, but it was gone' } }]);
  });

  it('when its live revision has failed', async () => {
    const { deps, starts } = await served(FARGATE);
    const failed = { kind: 'failed', reason: 'it fell over', logTail: [] } as const;
    const fargate = { ...deps.platforms.fargate, describe: async () => failed };

    await sweep({ ...deps, platforms: { ...deps.platforms, fargate } })();

    expect(starts).toMatchObject([
      { input: { reason: 'digits-v2 is live, but it had failed: it fell over' } },
    ]);
  });

  it('when the version before was never retired', async () => {
    const { world, run, starts } = sweptWorld();
    await world.deploy();
    const held = await world.before('RetirePrevious');
    const { execution, id } = await world.recordOf(held);
    world.executions.end(execution);
    await world.registry.settle({ deploymentId: id, reason: 'stopped', degraded: false });

    await run();

    expect(starts).toMatchObject([
      { input: { reason: 'digits-v1 no longer serves, but was not retired' } },
    ]);
  });

  it('when a retired version in containers runs', async () => {
    const { world, run, starts } = await served(FARGATE);
    const held = await world.before('DescribeCandidate', world.rollback());
    const { execution, id } = await world.recordOf(held);
    world.executions.end(execution);
    await world.registry.settle({ deploymentId: id, reason: 'stopped', degraded: false });

    await run();

    expect(world.running()).toEqual(['digits-v1', 'digits-v2']);
    expect(starts).toMatchObject([
      { input: { to: 2, reason: 'digits-v1 no longer serves, but was not retired' } },
    ]);
  });

  it('once by two sweeps, and again in the next hour when that was in vain', async () => {
    const { world, starts, run } = await served();
    await drift(world);
    await Promise.all([run(), run()]);
    world.executions.end(starts[0]!.name);
    expect(await run()).toEqual(NOTHING);
    world.clock.advance(HOUR_MS);

    expect((await run()).repaired).toHaveLength(1);
    expect(starts).toHaveLength(2);
  });

  it('again in the same hour when it was repaired in between', async () => {
    const { world, starts, run } = await served();
    await drift(world);
    await run();
    world.executions.end(starts[0]!.name);
    await world.deploy(starts[0]!.input as ReturnType<typeof world.rollback>);
    await drift(world);
    world.clock.advance(MINUTE_MS);

    expect((await run()).repaired).toHaveLength(1);
  });

  it('ever more seldom while that is in vain, and says so', async () => {
    const { world, starts, run } = await served();
    const repairedAt: number[] = [];
    for (let minute = 0; minute <= 40; minute += 1) {
      await drift(world);
      if ((await run()).repaired.length > 0) {
        repairedAt.push(minute);
        const { name, input } = starts.at(-1)!;
        world.executions.end(name);
        await world.deploy(input as ReturnType<typeof world.rollback>);
      }
      world.clock.advance(MINUTE_MS);
    }

    // Each repair itself takes some seconds.
    expect(repairedAt).toEqual([0, 1, 3, 7, 15, 31]);
    const told = (await world.told()).filter(({ data }) => data['repairsInARow'] === 6);
    expect(told).toMatchObject([
      {
        state: 'Admitted',
        reason: expect.stringMatching(/; repair 6 in a row; the next not before \S+Z$/),
      },
    ]);
  });

  it('at once again after another version was deployed', async () => {
    const { world, starts, run } = await served();
    await drift(world);
    await run();
    world.executions.end(starts[0]!.name);
    await world.deploy(starts[0]!.input as ReturnType<typeof world.rollback>);
    await world.deploy();
    const { epoch } = (await world.registry.lease('digits'))!;
    await world.router.remove('digits', epoch);

    expect((await run()).repaired).toHaveLength(1);
  });
});

describe('a live model is left alone', () => {
  it.each([
    ['on Lambda', undefined],
    ['in containers', FARGATE],
  ])('when all of it is as it should be, %s', async (_, manifest) => {
    const { world, starts, run } = await served(manifest);

    expect(await run()).toEqual(NOTHING);
    world.clock.advance(PERIOD_MS);
    expect(await run()).toEqual(NOTHING);
    expect(starts).toEqual([]);
  });

  it('while its live revision starts', async () => {
    const { deps } = await served(FARGATE);
    const pending = { kind: 'pending', reason: 'it starts' } as const;
    const fargate = { ...deps.platforms.fargate, describe: async () => pending };

    const swept = await sweep({ ...deps, platforms: { ...deps.platforms, fargate } })();

    expect(swept).toEqual(NOTHING);
  });

  it('until its repair can be started', async () => {
    const { world, deps, starts, run } = await served();
    await drift(world);
    const start = () => Promise.reject(new Failure('PlatformThrottled', 'too many'));

    const swept = sweep({ ...deps, executions: { ...deps.executions, start } })();

    await expect(swept).rejects.toMatchObject({ name: 'PlatformThrottled' });
    await run();
    expect(starts).toHaveLength(1);
  });

  it('while a deployment of it is under way', async () => {
    const { world, starts, run } = await served();
    await world.before('CommitDeployment');
    await drift(world);

    expect(await run()).toEqual(NOTHING);
    expect(starts).toEqual([]);
  });

  it('when a deployment begins while it is looked at', async () => {
    const { world, deps, starts } = await served();
    await drift(world);
    const shares = async (model: string) => {
      if (model === 'digits') await world.before('InspectArtifact');
      return world.router.shares(model);
    };

    await sweep({ ...deps, router: { ...deps.router, shares } })();

    expect(starts).toEqual([]);
  });
});

describe('a model without a live version', () => {
  /** A first deployment that was given up with traffic on its candidate. */
  async function givenUp() {
    const swept = sweptWorld();
    const { world } = swept;
    const held = await world.before('JudgeBake');
    const { execution, id } = await world.recordOf(held);
    world.executions.end(execution);
    await world.registry.settle({ deploymentId: id, reason: 'stopped', degraded: true });
    return swept;
  }

  it('loses its route', async () => {
    const { world, starts, run } = await givenUp();

    expect((await run()).repaired).toEqual(['digits']);

    expect(await world.router.shares('digits')).toEqual({});
    expect(starts).toEqual([]);
    expect((await run()).repaired).toEqual([]);
  });

  it('keeps its route when a deployment has taken the lease meanwhile', async () => {
    const { deps } = await givenUp();
    const remove = () => Promise.reject(new Failure('LeaseLost', 'epoch 1 is over'));

    const swept = await sweep({ ...deps, router: { ...deps.router, remove } })();

    expect(swept).toEqual(NOTHING);
  });

  it('is looked at again by the next sweep when its route could not be taken away', async () => {
    const { deps } = await givenUp();
    const throttled = new Failure('PlatformThrottled', 'too many');
    const remove = () => Promise.reject(throttled);

    const swept = sweep({ ...deps, router: { ...deps.router, remove } })();

    await expect(swept).rejects.toBe(throttled);
  });

  it('is undeployed to the end when that was begun', async () => {
    const { world, starts, run } = await served();
    const held = await world.before('RetireAll', world.undeploy());
    const { execution, id } = await world.recordOf(held);
    world.executions.end(execution);
    await world.registry.settle({ deploymentId: id, reason: 'stopped', degraded: true });

    const { repaired } = await run();

    expect(repaired).toEqual([expect.stringMatching(/^digits-undeploy-[\da-f]{16}-a1$/)]);
    expect(starts).toMatchObject([
      { workflow: 'undeploy', input: { kind: 'undeploy', model: 'digits' } },
    ]);
  });

  it('is left alone once it is undeployed', async () => {
    const { world, run } = await served();
    await world.deploy(world.undeploy());

    expect(await run()).toEqual(NOTHING);
  });
});
