import { imageTag } from '#domain/build/image.ts';
import { Failure } from '#domain/failure.ts';
import { sweep } from '#steps/sweep.ts';
import { memoryImages } from '../support/memory/images.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { MODEL } from '../support/worlds/memory.ts';
import { NOTHING, PERIOD_MS, sweptWorld } from '../support/worlds/swept.ts';

/** A world whose builds leave images, and the images that two sweeps of it take away. */
function builtWorld() {
  const { world, deps } = sweptWorld({ engine: 'image' });
  const images = memoryImages();
  const run = async (over: Partial<Pick<typeof deps, 'platforms'>> = {}) => {
    for (const tag of world.builds.built.slice(added)) images.add(tag);
    added = world.builds.built.length;
    return sweep({ ...deps, images, ...over })();
  };
  let added = 0;
  return {
    world,
    deps,
    images,
    run,
    async twice(over: Partial<Pick<typeof deps, 'platforms'>> = {}) {
      await run(over);
      world.clock.advance(PERIOD_MS);
      return run(over);
    },
    left: async () => (await images.all()).map(({ tag }) => tag),
  };
}

const upload = (constant: number) => ({ bytes: addConstantModel({ constant }) });

describe('the image of a version that was removed', () => {
  it('is taken away by the second sweep that sees it, and those of kept versions stay', async () => {
    const { world, run, left } = builtWorld();
    for (let version = 1; version <= 5; version += 1) await world.deploy();
    const [first, ...kept] = world.builds.built;

    expect(await run()).toEqual(NOTHING);
    expect(await left()).toEqual([first, ...kept]);
    world.clock.advance(PERIOD_MS);

    expect((await run()).removed).toEqual([first]);
    expect(await left()).toEqual(kept);
  });

  it('stays as long as a kept version of the model is of the same image', async () => {
    const { world, twice, left } = builtWorld();
    await world.deploy(world.upload(upload(1)));
    for (let version = 2; version <= 4; version += 1) await world.deploy();
    await world.deploy(world.upload(upload(1)));
    const tags = [...new Set(world.builds.built)];

    expect(await twice()).toEqual(NOTHING);

    expect(tags).toHaveLength(4);
    expect(await left()).toEqual(tags);
    expect(world.existing()).toHaveLength(4);
  });

  it('is taken away with all others of a model that is undeployed', async () => {
    const { world, twice, left } = builtWorld();
    await world.deploy();
    await world.deploy();
    await world.deploy(world.undeploy());

    expect((await twice()).removed).toEqual(world.builds.built);
    expect(await left()).toEqual([]);
  });

  it('stays where the platform may start from it, and no sweep says that it went', async () => {
    const { world, images, twice, left } = builtWorld();
    await world.deploy();
    await world.deploy(world.undeploy());
    images.hold(`sha256:${world.builds.built[0]}`);

    expect(await twice()).toEqual(NOTHING);
    expect(await left()).toEqual(world.builds.built);
  });
});

describe('an image that never served', () => {
  it('is taken away', async () => {
    const { world, twice, left } = builtWorld();
    await world.deploy();
    const held = await world.before('ProvisionLambda', world.upload());
    const { execution, id } = await world.recordOf(held);
    world.executions.end(execution);
    await world.registry.settle({ deploymentId: id, reason: 'stopped', degraded: false });
    const [live, given] = world.builds.built;

    expect((await twice()).removed).toEqual([given]);
    expect(await left()).toEqual([live]);
  });

  it('stays while a deployment of its model is under way', async () => {
    const { world, twice, left } = builtWorld();
    await world.before('ProvisionLambda');

    expect(await twice()).toEqual(NOTHING);
    expect(await left()).toEqual(world.builds.built);
  });

  it('stays when a deployment begins and ends after its model was looked at', async () => {
    const { world, deps, run, left } = builtWorld();
    await world.deploy();
    await world.deploy(world.undeploy());
    await run();
    world.clock.advance(PERIOD_MS);
    const revisions = async () => {
      const found = await deps.platforms.ec2.revisions();
      await world.deploy();
      await world.deploy(world.undeploy());
      return found;
    };
    const ec2 = { ...deps.platforms.ec2, revisions };

    const swept = await run({ platforms: { ...deps.platforms, ec2 } });

    expect(swept.removed).toEqual([]);
    expect(await left()).toEqual(world.builds.built.slice(0, 1));
  });

  it('stays while its model has a revision that nothing refers to, which may have traffic', async () => {
    const { world, run, left } = builtWorld();
    await world.deploy();
    const held = await world.before('CheckHealth', world.upload());
    const { execution, id } = await world.recordOf(held);
    world.executions.end(execution);
    await world.registry.settle({ deploymentId: id, reason: 'stopped', degraded: true });
    const { epoch } = (await world.registry.lease(MODEL))!;
    await world.router.setShares(MODEL, { 'digits-v2': 100 }, { 'digits-v1': 100 }, epoch);

    for (let sweeps = 0; sweeps < 3; sweeps += 1) {
      expect((await run()).removed).toEqual([]);
      world.clock.advance(PERIOD_MS);
    }

    expect(await left()).toEqual(world.builds.built);
  });

  it('stays as long as a target cannot be asked for its revisions', async () => {
    const { world, deps, twice, left } = builtWorld();
    await world.deploy();
    await world.deploy(world.undeploy());
    const revisions = () => Promise.reject(new Failure('PlatformThrottled', 'too many'));
    const ec2 = { ...deps.platforms.ec2, revisions };

    await expect(twice({ platforms: { ...deps.platforms, ec2 } })).rejects.toMatchObject({
      name: 'PlatformThrottled',
    });

    expect(await left()).toEqual(world.builds.built);
  });

  it('stays when it is of a model that the registry does not know, or of none', async () => {
    const { world, images, twice, left } = builtWorld();
    await world.deploy();
    const foreign = await imageTag('strange', 'environment-1', { parts: [] });
    images.add(foreign);
    images.add('by-hand');

    expect(await twice()).toEqual(NOTHING);
    expect(await left()).toEqual([foreign, 'by-hand', ...world.builds.built]);
  });

  it('keeps no revision from being taken away when the images cannot be listed', async () => {
    const { world, deps } = builtWorld();
    await world.deploy();
    const held = await world.before('CheckHealth', world.upload());
    const { execution, id } = await world.recordOf(held);
    world.executions.end(execution);
    await world.registry.settle({ deploymentId: id, reason: 'stopped', degraded: false });
    const all = () => Promise.reject(new Failure('PlatformDenied', 'not you'));
    const run = sweep({ ...deps, images: { ...memoryImages(), all } });
    const denied = expect.objectContaining({ name: 'PlatformDenied' });

    await expect(run()).rejects.toEqual(denied);
    world.clock.advance(PERIOD_MS);
    await expect(run()).rejects.toEqual(denied);

    expect(world.existing()).toEqual(['digits-v1']);
  });
});
