import { localDeployments } from '#compose/local-deployments.ts';
import type { ObjectCreated } from '#domain/workflow.ts';
import { idOf, memoryWorld } from '../support/memory-world.ts';

const OUTSIDE = { execution: 'upload-1', error: '', cause: '' };

/** Deployments over a memory world, and what they had done, in order. */
function deploymentsOf(running: readonly string[] = []) {
  const world = memoryWorld();
  const done: string[] = [];
  const inputs: unknown[] = [];
  const deployments = localDeployments({
    registry: world.registry,
    engine: {
      async start(name, input) {
        done.push(`start ${name}`);
        inputs.push(input);
      },
      isRunning: async (execution) => running.includes(execution),
    },
    settle: async ({ execution }) => void done.push(`settle ${execution}`),
    acknowledge: async (key) => void done.push(`acknowledge ${key}`),
  });
  return { world, deployments, done, inputs };
}

const named = async (event: ObjectCreated, attempt: number) =>
  `start digits-${(await idOf(event)).slice(0, 16)}-a${attempt}`;

describe('the deployments of one machine', () => {
  it('begin with an execution named after the model, the deployment and the attempt', async () => {
    const { world, deployments, done, inputs } = deploymentsOf();
    const event = world.upload();

    await deployments.begin(event);

    expect(done).toEqual([await named(event, 1)]);
    expect(inputs).toEqual([event]);
  });

  it('are taken up by a recovery when their execution has died', async () => {
    const { world, deployments, done, inputs } = deploymentsOf();
    const event = world.upload();
    await world.before('AcquireLease', event);

    await deployments.begin(event);

    expect(done).toEqual([await named(event, 2)]);
    expect(inputs).toEqual([{ ...event, recovery: { deploymentId: await idOf(event) } }]);
  });

  it('are left alone while their execution runs', async () => {
    const { world, deployments, done } = deploymentsOf(['execution-1']);
    const event = world.upload();
    await world.before('AcquireLease', event);

    await deployments.begin(event);

    expect(done).toEqual([]);
  });

  it('are not begun again once they have ended', async () => {
    const { world, deployments, done } = deploymentsOf();
    const event = world.upload();
    await world.deploy(event);

    await deployments.begin(event);

    expect(done).toEqual([`acknowledge ${event.detail.object.key}`]);
  });

  it('are settled before the bucket may forget their event', async () => {
    const { world, deployments, done } = deploymentsOf();
    const event = world.upload();

    await deployments.ended({ ...OUTSIDE, input: event });

    expect(done).toEqual(['settle upload-1', `acknowledge ${event.detail.object.key}`]);
  });

  it.each([
    { error: 'StorageFull', name: 'StorageFull' },
    { error: 'PlatformDenied', name: 'PlatformUnavailable' },
  ])(
    'are not forgotten by the bucket when $error kept them from being admitted',
    async ({ error, name }) => {
      const { world, deployments, done } = deploymentsOf();
      const cause = JSON.stringify({ errorType: error, errorMessage: 'the disk is full' });

      const ended = deployments.ended({ ...OUTSIDE, input: world.upload(), error, cause });

      await expect(ended).rejects.toMatchObject({
        name,
        message: 'models/digits/model.onnx was not admitted: the disk is full',
      });
      expect(done).toEqual(['settle upload-1']);
    },
  );

  it('are not forgotten by the bucket when a recovery could not take them up', async () => {
    const { world, deployments, done } = deploymentsOf();
    const event = world.upload();
    await world.before('AcquireLease', event);

    const ended = deployments.ended({ ...OUTSIDE, input: event, error: 'StorageFull' });

    await expect(ended).rejects.toThrow(/was not admitted/);
    expect(done).toEqual(['settle upload-1']);
  });

  it('are not named after a model that may not be called so', async () => {
    const { deployments, done } = deploymentsOf();
    const object = { key: 'models/My Model/v1/weights.bin', 'version-id': '1' };

    await deployments.begin({ detail: { bucket: { name: 'bucket' }, object } });

    expect(done).toEqual([expect.stringMatching(/^start upload-/)]);
  });
});
