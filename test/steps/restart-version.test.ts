import { TARGETS } from '#domain/placement/target.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import { restartVersion } from '#steps/restart-version.ts';
import { memoryWorld } from '../support/worlds/memory.ts';

/** Two versions on a target, and a rollback to the first that is about to start it. */
async function goingBack(target: string = 'lambda') {
  const world = memoryWorld({ pendingMs: 1000 });
  const manifest = `placement: { target: ${target} }\nserver: { startupTimeoutSeconds: 20 }`;
  for (let version = 1; version <= 2; version += 1) await world.deploy(world.upload({ manifest }));
  const held = await world.before('RestartVersion', world.rollback());
  return { world, held };
}

describe('starting a kept version again', () => {
  it.each(TARGETS)('makes it the candidate and announces it, on %s', async (target) => {
    const { world, held } = await goingBack(target);

    await restartVersion(world.deps)(held);

    expect(world.platforms[target].running()).toEqual(['digits-v1', 'digits-v2']);
    const { work, intents } = await world.recordOf(held);
    const [first] = (await world.registry.versions('digits')).toReversed();
    expect(work.candidate).toEqual({
      target,
      revision: 'digits-v1',
      madeBy: first?.deploymentId,
      attempt: 1,
      createdAtMs: world.clock.now(),
      readyByMs: world.clock.now() + 20_000,
    });
    expect(intents).toEqual([{ kind: 'restart', name: 'digits-v1', target }]);
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Provisioning',
      data: { target, revision: 'digits-v1' },
    });
  });

  it('asks for what was asked for when it was new', async () => {
    const { world, held } = await goingBack();
    const specs: RevisionSpec[] = [];
    const lambda = {
      ...world.lambda,
      create: async (spec: RevisionSpec) => void specs.push(spec),
    };
    const platforms = { ...world.deps.platforms, lambda };

    await restartVersion({ ...world.deps, platforms })(held);

    const [first] = (await world.registry.versions('digits')).toReversed();
    const { artifact } = await world.recordOf({ deploymentId: first!.deploymentId });
    expect(specs).toMatchObject([
      { revision: 'digits-v1', version: 1, deploymentId: first!.deploymentId, artifact },
    ]);
  });

  it('is done once, and the time to get ready goes on', async () => {
    const { world, held } = await goingBack('fargate');
    await restartVersion(world.deps)(held);
    const first = await world.recordOf(held);
    world.clock.advance(5000);

    await restartVersion(world.deps)(held);

    expect(await world.recordOf(held)).toEqual(first);
    // Once as a new version, once now.
    expect(world.platforms.fargate.starts('digits-v1')).toBe(2);
  });

  it('starts the live version again where it was lost', async () => {
    const world = memoryWorld();
    await world.deploy(world.upload({ manifest: 'placement: { target: fargate }' }));
    const held = await world.before('RestartVersion', world.rollback(null, 'repair'));
    await world.platforms.fargate.remove('digits-v1', held.epoch);

    await restartVersion(world.deps)(held);

    expect(world.platforms.fargate.running()).toEqual(['digits-v1']);
  });

  it('leaves one alone that may have traffic', async () => {
    const { world } = await goingBack();
    const [open] = await world.registry.unended();
    await world.registry.settle({ deploymentId: open!.id, reason: '', degraded: false });
    const held = await world.before('VerifyTraffic', world.rollback());
    world.lambda.throttle(1);

    expect(await restartVersion(world.deps)(held)).toEqual({});
  });

  it('fails for good when the version was taken away meanwhile', async () => {
    const { world, held } = await goingBack();
    await world.registry.markVersion(held, 1, 'Removed');

    await expect(restartVersion(world.deps)(held)).rejects.toMatchObject({
      name: 'RevisionFailed',
      message: 'digits version 1 is gone',
      fix: expect.stringContaining('slipway versions'),
    });
    expect((await world.recordOf(held)).intents).toEqual([]);
  });
});
