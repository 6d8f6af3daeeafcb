import { retirePrevious } from '#steps/retire-previous.ts';
import { type MemoryWorld, MODEL, memoryWorld } from '../support/worlds/memory.ts';

async function states({ registry }: MemoryWorld) {
  return (await registry.versions(MODEL)).map(({ version, state }) => `${version} ${state}`);
}

describe('retiring what came before', () => {
  it('stops the previous version and keeps it startable, and tells it once', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('RetirePrevious');

    await retirePrevious(world.deps)(held);
    await retirePrevious(world.deps)(held);

    expect(world.lambda.running()).toEqual(['digits-v2']);
    expect(world.lambda.existing()).toEqual(['digits-v1', 'digits-v2']);
    expect(await states(world)).toEqual(['2 Live', '1 Retired']);
    const retired = (await world.told()).filter(({ state }) => state === 'Retired');
    expect(retired).toMatchObject([{ version: 1, deploymentId: held.deploymentId }]);
  });

  it('has nothing to do after a first deployment', async () => {
    const world = memoryWorld();
    const held = await world.before('RetirePrevious');

    expect(await retirePrevious(world.deps)(held)).toEqual({});
    expect(world.lambda.running()).toEqual(['digits-v1']);
  });

  it('takes away all but the last three', async () => {
    const world = memoryWorld();
    for (let version = 1; version <= 4; version += 1) await world.deploy();
    const held = await world.before('RetirePrevious');

    await retirePrevious(world.deps)(held);

    expect(await states(world)).toEqual([
      '5 Live',
      '4 Retired',
      '3 Retired',
      '2 Retired',
      '1 Removed',
    ]);
    expect(world.lambda.existing()).not.toContain('digits-v1');
  });

  it('keeps as many as the manifest says', async () => {
    const world = memoryWorld();
    for (let version = 1; version <= 3; version += 1) await world.deploy();
    const manifest = 'rollout: { keepVersions: 1 }';
    const held = await world.before('RetirePrevious', world.upload({ manifest }));

    await retirePrevious(world.deps)(held);

    expect(await states(world)).toEqual(['4 Live', '3 Retired', '2 Removed', '1 Removed']);
    expect(world.existing()).toEqual(['digits-v3', 'digits-v4']);
  });

  it('keeps those that were live last, whatever their numbers', async () => {
    const world = memoryWorld();
    const manifest = 'rollout: { keepVersions: 1 }';
    for (let version = 1; version <= 3; version += 1) await world.deploy();
    world.clock.advance(1000);
    await world.deploy(world.rollback(1));
    const held = await world.before('RetirePrevious', world.upload({ manifest }));

    await retirePrevious(world.deps)(held);

    expect(await states(world)).toEqual(['4 Live', '3 Removed', '2 Removed', '1 Retired']);
  });

  it('takes nothing away after a rollback, whose manifest is an old one', async () => {
    const world = memoryWorld();
    const manifest = (kept: number) => `rollout: { keepVersions: ${kept} }`;
    await world.deploy(world.upload({ manifest: manifest(1) }));
    for (let more = 0; more < 3; more += 1) {
      await world.deploy(world.upload({ manifest: manifest(5) }));
    }
    const held = await world.before('RetirePrevious', world.rollback(1));

    await retirePrevious(world.deps)(held);

    expect(await states(world)).toEqual(['4 Retired', '3 Retired', '2 Retired', '1 Live']);
  });

  it('stops each version where it runs', async () => {
    const world = memoryWorld();
    await world.deploy(world.upload({ manifest: 'placement: { target: fargate }' }));
    const event = world.upload({ manifest: 'placement: { target: lambda }' });
    const held = await world.before('RetirePrevious', event);

    await retirePrevious(world.deps)(held);

    expect(world.platforms.fargate.running()).toEqual([]);
    expect(world.platforms.fargate.existing()).toEqual(['digits-v1']);
    expect(world.lambda.running()).toEqual(['digits-v2']);
  });

  it('leaves a version alone that still has traffic', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('RetirePrevious');
    const shares = { 'digits-v1': 1, 'digits-v2': 99 };
    await world.router.setShares(MODEL, shares, await world.router.shares(MODEL), held.epoch);

    await retirePrevious(world.deps)(held);

    expect(world.lambda.running()).toEqual(['digits-v1', 'digits-v2']);
    expect(await states(world)).toEqual(['2 Live', '1 Live']);
  });

  it('leaves the live version alone even when its route is gone', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('RetirePrevious');
    await world.router.remove(MODEL, held.epoch);

    await retirePrevious(world.deps)(held);

    expect(world.lambda.running()).toEqual(['digits-v2']);
  });

  it('asks nothing more of a version that is gone', async () => {
    const world = memoryWorld();
    for (let version = 1; version <= 5; version += 1) await world.deploy();
    const held = await world.before('RetirePrevious');
    const removed: string[] = [];
    const lambda = { ...world.lambda, remove: async (name: string) => void removed.push(name) };
    const platforms = { ...world.deps.platforms, lambda };

    await retirePrevious({ ...world.deps, platforms })(held);

    expect(removed).toEqual(['digits-v2']);
  });

  it('catches up on what an earlier deployment left', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('RetirePrevious');
    await world.registry.releaseLease(held);
    const next = await world.before('RetirePrevious');

    await retirePrevious(world.deps)(next);

    expect(world.lambda.running()).toEqual(['digits-v3']);
    expect(await states(world)).toEqual(['3 Live', '2 Retired', '1 Retired']);
  });
});

describe('the keys of kept requests', () => {
  const DAY_MS = 86_400_000;
  const CAPTURE = 'capture: {}\nrollout: { keepVersions: 1 }';
  const revisionsWithKeys = async ({ deps }: MemoryWorld, count: number) => {
    const keys = await deps.captureKeys.open(MODEL);
    const all = Array.from({ length: count }, (_, index) => `${MODEL}-v${index + 1}`);
    return all.filter((revision) => keys?.(revision, 1));
  };

  it('stay with a version that is gone while its requests may be opened, and no longer', async () => {
    const world = memoryWorld();
    const next = async (days: number) => {
      world.clock.advance(days * DAY_MS);
      await world.deploy(world.upload({ manifest: CAPTURE }));
    };
    await next(0);
    await next(1);
    await next(1);
    expect(await states(world)).toEqual(['3 Live', '2 Retired', '1 Removed']);
    expect(await revisionsWithKeys(world, 3)).toEqual(['digits-v1', 'digits-v2', 'digits-v3']);

    await next(26);
    expect(await revisionsWithKeys(world, 4)).toEqual([
      ...['digits-v1', 'digits-v2', 'digits-v3', 'digits-v4'],
    ]);

    await next(1.5);
    expect(await revisionsWithKeys(world, 5)).toEqual([
      ...['digits-v2', 'digits-v3', 'digits-v4', 'digits-v5'],
    ]);
  });

  it('go at the next deployment with a revision that never went live', async () => {
    const world = memoryWorld();
    await world.deploy(world.upload({ manifest: CAPTURE }));
    const failed = await world.before('CheckHealth', world.upload({ manifest: CAPTURE }));
    await world.steps.Compensate({ ...failed, error: { Error: '', Cause: '' } });
    await world.steps.ReleaseLease(failed);
    expect(await revisionsWithKeys(world, 2)).toEqual(['digits-v1', 'digits-v2']);

    await world.deploy(world.upload({ manifest: CAPTURE }));

    expect(await revisionsWithKeys(world, 3)).toEqual(['digits-v1', 'digits-v3']);
  });
});
