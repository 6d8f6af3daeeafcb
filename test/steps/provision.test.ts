import { manifestSchema } from '#domain/manifest/manifest.ts';
import { TARGETS, type Target } from '#domain/placement/target.ts';
import { provision } from '#steps/provision.ts';
import { type MemoryWorld, memoryWorld, START_MS } from '../support/worlds/memory.ts';

const STATES = {
  lambda: 'ProvisionLambda',
  fargate: 'ProvisionFargate',
  ec2: 'ProvisionEc2',
} as const;

/** An upload that is to run on the target, just before it is provisioned. */
function chosen(world: MemoryWorld, target: Target, manifest = '') {
  const wish = `placement: { target: ${target} }\n${manifest}`;
  return world.before(STATES[target], world.upload({ manifest: wish }));
}

describe.each(TARGETS)('provisioning on %s', (target) => {
  it('creates the revision with no traffic, and announces it', async () => {
    const world = memoryWorld();
    const held = await chosen(world, target, 'scaling: { min: 2 }');

    await provision(target, world.deps)(held);

    expect(world.platforms[target].existing()).toEqual(['digits-v1']);
    expect(await world.router.shares('digits')).toEqual({});
    const { decision } = (await world.recordOf(held)).work;
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Provisioning',
      data: {
        target,
        revision: 'digits-v1',
        replicas: 2,
        memoryMiB: decision?.memoryMiB,
        cpuUnits: decision?.cpuUnits,
      },
    });
  });

  it('says why weights that are to be in int8 are in full', async () => {
    const world = memoryWorld();
    const held = await chosen(world, target);
    const { inspection } = (await world.recordOf(held)).work;
    const manifest = manifestSchema.parse({ runtime: { optimize: 'int8' } });
    const int8 = { kept: false, reason: 'the least cosine is 0.9' };
    const proof = { runtime: 'onnx', modelFile: 'model.onnx', conversion: { int8 } };
    const image = { proof } as never;
    await world.registry.recordWork(held, {
      inspection: { ...inspection!, manifest },
      image,
    });

    await provision(target, world.deps)(held);

    expect((await world.told()).at(-1)?.reason).toContain(
      'runtime.optimize is int8, but the weights are served in full: the least cosine is 0.9. Take',
    );
  });

  it('writes down what it makes before it makes it', async () => {
    const world = memoryWorld();
    const held = await chosen(world, target);
    world.platforms[target].throttle(1);

    const provisioning = provision(target, world.deps)(held);

    await expect(provisioning).rejects.toMatchObject({ name: 'PlatformThrottled' });
    expect((await world.recordOf(held)).intents).toEqual([
      { kind: 'revision', name: 'digits-v1', target },
    ]);
    expect(world.existing()).toEqual([]);
  });

  it('adopts what it made already, and the time to get ready goes on', async () => {
    const world = memoryWorld();
    const held = await chosen(world, target);
    world.platforms[target].loseReplies(1);
    await expect(provision(target, world.deps)(held)).rejects.toMatchObject({
      name: 'PlatformUnavailable',
    });
    const first = await world.recordOf(held);
    world.clock.advance(5000);

    await provision(target, world.deps)(held);

    const { work, intents } = await world.recordOf(held);
    expect(work.candidate).toEqual(first.work.candidate);
    expect(work.candidate).toMatchObject({
      target,
      revision: 'digits-v1',
      madeBy: held.deploymentId,
      readyByMs: START_MS + 1000 + 300_000,
    });
    expect(intents).toHaveLength(1);
    expect(world.platforms[target].starts('digits-v1')).toBe(1);
  });

  it('gives the time anew in an execution that goes on for a dead one', async () => {
    const world = memoryWorld();
    const held = await world.before('DescribeCandidate');
    const { execution } = await world.recordOf(held);
    await world.registry.adopt(held.deploymentId, execution, 'another');
    world.clock.advance(3_600_000);

    await provision('lambda', world.deps)(held);

    const { candidate } = (await world.recordOf(held)).work;
    expect(candidate).toMatchObject({ attempt: 2, createdAtMs: world.clock.now() });
  });

  it('gives a target that takes long itself more time than the model', async () => {
    const world = memoryWorld();
    const held = await chosen(world, target);
    const provisioningSeconds = { lambda: 0, fargate: 0, ec2: 0, [target]: 120 };

    await provision(target, { ...world.deps, provisioningSeconds })(held);

    const { createdAtMs, readyByMs } = (await world.recordOf(held)).work.candidate!;
    expect(readyByMs - createdAtMs).toBe(300_000 + 120_000);
  });

  it('makes a candidate again that was proven and is gone', async () => {
    const world = memoryWorld();
    const manifest = `placement: { target: ${target} }`;
    const held = await world.before('ShiftTraffic', world.upload({ manifest }));
    await world.platforms[target].remove('digits-v1', held.epoch);

    await provision(target, world.deps)(held);

    expect(world.existing()).toEqual(['digits-v1']);
    expect((await world.recordOf(held)).phase).toBe('Ready');
  });

  it('leaves a candidate alone that may have traffic', async () => {
    const world = memoryWorld();
    const manifest = `placement: { target: ${target} }`;
    const held = await world.before('VerifyTraffic', world.upload({ manifest }));
    world.platforms[target].throttle(1);

    expect(await provision(target, world.deps)(held)).toEqual({});
  });

  it('changes nothing for one who has lost the lease', async () => {
    const world = memoryWorld();
    const held = await chosen(world, target);
    const { execution } = await world.recordOf(held);
    await world.registry.adopt(held.deploymentId, execution, 'another');
    await world.steps.AcquireLease({ ...held, execution: 'another', attempt: 0 });

    const provisioning = provision(target, world.deps)(held);

    await expect(provisioning).rejects.toMatchObject({ name: 'LeaseLost' });
    expect(world.existing()).toEqual([]);
  });
});
