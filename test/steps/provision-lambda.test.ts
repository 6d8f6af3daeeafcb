import { provisionLambda } from '#steps/provision-lambda.ts';
import { memoryWorld, START_MS } from '../support/memory-world.ts';

describe('provisioning on Lambda', () => {
  it('creates the revision with no traffic, and announces it', async () => {
    const world = memoryWorld();
    const held = await world.before('ProvisionLambda');

    await provisionLambda(world.deps)(held);

    expect(world.lambda.existing()).toEqual(['digits-v1']);
    expect(await world.router.shares('digits')).toEqual({});
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Provisioning',
      data: { target: 'lambda', revision: 'digits-v1', memoryMiB: 1769 },
    });
  });

  it('asks for what was inspected, planned and chosen', async () => {
    const world = memoryWorld();
    const manifest = 'resources: { memory: 512Mi }\nserver: { startupTimeoutSeconds: 20 }';
    const held = await world.before('ProvisionLambda', world.upload({ manifest }));
    const specs: unknown[] = [];
    const lambda = { ...world.lambda, create: async (spec: unknown) => void specs.push(spec) };

    await provisionLambda({ ...world.deps, lambda })(held);

    const { artifact } = await world.recordOf(held);
    expect(specs).toEqual([
      {
        revision: 'digits-v1',
        model: 'digits',
        version: 1,
        deploymentId: held.deploymentId,
        runtime: 'onnx',
        environmentHash: 'environment-1',
        image: null,
        artifact,
        modelFile: 'model.onnx',
        memoryMiB: 512,
        startupTimeoutSeconds: 20,
      },
    ]);
  });

  it('writes down what it makes before it makes it', async () => {
    const world = memoryWorld();
    const held = await world.before('ProvisionLambda');
    world.lambda.throttle(1);

    const provisioning = provisionLambda(world.deps)(held);

    await expect(provisioning).rejects.toMatchObject({ name: 'PlatformThrottled' });
    expect((await world.recordOf(held)).intents).toEqual([
      { kind: 'revision', name: 'digits-v1', target: 'lambda' },
    ]);
    expect(world.lambda.existing()).toEqual([]);
  });

  it('adopts what it made already, and the time to get ready goes on', async () => {
    const world = memoryWorld();
    const held = await world.before('ProvisionLambda');
    world.lambda.loseReplies(1);
    await expect(provisionLambda(world.deps)(held)).rejects.toMatchObject({
      name: 'PlatformUnavailable',
    });
    const first = await world.recordOf(held);
    world.clock.advance(5000);

    await provisionLambda(world.deps)(held);

    const { work, intents } = await world.recordOf(held);
    expect(work.candidate).toEqual(first.work.candidate);
    expect(work.candidate?.readyByMs).toBe(START_MS + 1000 + 300_000);
    expect(intents).toHaveLength(1);
    expect(world.lambda.starts('digits-v1')).toBe(1);
  });

  it('gives a target that takes long itself more time than the model', async () => {
    const world = memoryWorld();
    const held = await world.before('ProvisionLambda');

    await provisionLambda({ ...world.deps, provisioningSeconds: 120 })(held);

    const { createdAtMs, readyByMs } = (await world.recordOf(held)).work.candidate!;
    expect(readyByMs - createdAtMs).toBe(300_000 + 120_000);
  });

  it('makes a candidate again that was proven and is gone', async () => {
    const world = memoryWorld();
    const held = await world.before('ShiftTraffic');
    await world.lambda.remove('digits-v1');

    await provisionLambda(world.deps)(held);

    expect(world.lambda.existing()).toEqual(['digits-v1']);
    expect((await world.recordOf(held)).phase).toBe('Ready');
  });

  it('leaves a candidate alone that may have traffic', async () => {
    const world = memoryWorld();
    const held = await world.before('VerifyTraffic');
    world.lambda.throttle(1);

    expect(await provisionLambda(world.deps)(held)).toEqual({});
  });
});
