import { Failure } from '#domain/failure.ts';
import { sweep } from '#steps/sweep.ts';
import { revisionSpec } from '../support/worlds/revision-spec.ts';
import { MINUTE_MS, NOTHING, PERIOD_MS, sweptWorld } from '../support/worlds/swept.ts';

/** A live model, and beside it the remains of a deployment that was given up. */
async function leftOver() {
  const swept = sweptWorld();
  const { world } = swept;
  await world.deploy();
  const held = await world.before('CheckHealth');
  const { execution, id } = await world.recordOf(held);
  world.executions.end(execution);
  await world.registry.settle({ deploymentId: id, reason: 'stopped', degraded: false });
  return swept;
}

describe('a revision that nothing refers to', () => {
  it('is taken away by the second sweep that sees it', async () => {
    const { world, run } = await leftOver();

    expect(await run()).toEqual(NOTHING);
    world.clock.advance(PERIOD_MS);

    expect(await run()).toEqual({ ...NOTHING, removed: ['digits-v2'] });
    expect(world.existing()).toEqual(['digits-v1']);
  });

  it('is not taken away by a second look that follows at once', async () => {
    const { world, run } = await leftOver();
    await run();
    world.clock.advance(10 * MINUTE_MS);

    expect(await run()).toEqual(NOTHING);
    expect(world.existing()).toEqual(['digits-v1', 'digits-v2']);
  });

  it('is taken away on each target, though one cannot be asked', async () => {
    const { world, deps } = await leftOver();
    const revisions = () => Promise.reject(new Failure('PlatformThrottled', 'too many'));
    const ec2 = { ...deps.platforms.ec2, revisions };
    const run = sweep({ ...deps, platforms: { ...deps.platforms, ec2 } });
    const throttled = expect.objectContaining({ name: 'PlatformThrottled' });

    await expect(run()).rejects.toEqual(throttled);
    world.clock.advance(PERIOD_MS);
    await expect(run()).rejects.toEqual(throttled);

    expect(world.existing()).toEqual(['digits-v1']);
  });

  it('is seen before the repair of the traffic that it has begins', async () => {
    const { world, deps } = await leftOver();
    const { epoch } = (await world.registry.lease('digits'))!;
    const [live, drifted] = [{ 'digits-v1': 100 }, { 'digits-v1': 50, 'digits-v2': 50 }];
    await world.router.setShares('digits', drifted, live, epoch);
    const start: typeof deps.executions.start = async (_workflow, execution, request) =>
      void (await world.steps.AdmitRollback({ request, execution }));
    const sighted: (readonly string[])[] = [];
    const registry = {
      ...deps.registry,
      sighted(names: readonly string[]) {
        sighted.push(names);
        return deps.registry.sighted(names);
      },
    };

    await sweep({ ...deps, registry, executions: { ...deps.executions, start } })();

    expect(sighted).toEqual([['lambda/digits-v2']]);
    expect(await world.registry.unended()).toMatchObject([{ kind: 'repair' }]);
  });

  it('is taken away when its version is said to be removed', async () => {
    const { world, run } = sweptWorld();
    await world.deploy();
    const spec = revisionSpec('1');
    await world.deploy(world.undeploy());
    const { epoch } = (await world.registry.lease('digits'))!;
    await world.platforms.ec2.create(spec, epoch);

    await run();
    world.clock.advance(PERIOD_MS);

    expect((await run()).removed).toEqual(['digits-v1']);
  });

  it('stays while a deployment of its model is under way', async () => {
    const { world, run } = await leftOver();
    await run();
    world.clock.advance(PERIOD_MS);
    await world.before('CheckHealth');

    expect(await run()).toEqual(NOTHING);
    expect(world.existing()).toEqual(['digits-v1', 'digits-v2', 'digits-v3']);
  });

  it('stays when a deployment begins that has the lease meanwhile', async () => {
    const { world, deps, run } = await leftOver();
    await run();
    world.clock.advance(PERIOD_MS);
    const remove = () => Promise.reject(new Failure('LeaseLost', 'epoch 2 is over'));
    const lambda = { ...deps.platforms.lambda, remove };

    expect(await sweep({ ...deps, platforms: { ...deps.platforms, lambda } })()).toEqual(NOTHING);
  });

  it('stays while it has traffic', async () => {
    const { world, run } = await leftOver();
    const { epoch } = (await world.registry.lease('digits'))!;
    await world.router.setShares('digits', { 'digits-v2': 100 }, { 'digits-v1': 100 }, epoch);
    await run();
    world.clock.advance(PERIOD_MS);

    expect((await run()).removed).toEqual([]);
    expect(world.existing()).toEqual(['digits-v1', 'digits-v2']);
  });
});

describe('a revision stays', () => {
  it('when it is of a model that the registry does not know', async () => {
    const { world, run } = await leftOver();
    const foreign = revisionSpec('1', { model: 'strange' });
    await world.lambda.create(foreign, 1);
    await run();
    world.clock.advance(PERIOD_MS);
    await run();

    expect(world.existing()).toEqual(['digits-v1', 'strange-v1']);
  });

  it('when it is kept, however often it is looked at', async () => {
    const { world, run } = sweptWorld();
    for (let version = 1; version <= 3; version += 1) await world.deploy();
    for (let sweeps = 0; sweeps < 3; sweeps += 1) {
      expect(await run()).toEqual(NOTHING);
      world.clock.advance(PERIOD_MS);
    }

    expect(world.existing()).toEqual(['digits-v1', 'digits-v2', 'digits-v3']);
  });
});
