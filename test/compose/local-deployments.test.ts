import type { ExecutionEnd } from '#adapters/local/workflow/workflow-engine.ts';
import { localDeployments } from '#compose/local-deployments.ts';
import type { ObjectCreated } from '#domain/workflow.ts';
import { recover } from '#steps/recover.ts';
import { idOf, type MemoryWorld, memoryWorld } from '../support/worlds/memory.ts';

const DENIED = {
  error: 'PlatformDenied',
  cause: JSON.stringify({ errorType: 'PlatformDenied', errorMessage: 'the door is shut' }),
};

/** Deployments over a memory world, and the files that they had the bucket forget. */
function deploymentsOf() {
  const world = memoryWorld();
  const acknowledged: string[] = [];
  const deployments = localDeployments({
    registry: world.registry,
    engine: world.executions,
    recover: recover({ ...world.deps, mostAttempts: 3 }),
    acknowledge: async (key) => void acknowledged.push(key),
  });
  return { world, deployments, acknowledged, starts: world.executions.started };
}

/** The end of an upload's execution, by default a good one. */
const endOf = (input: ObjectCreated, how: Partial<ExecutionEnd> = {}): ExecutionEnd => ({
  workflow: 'deploy',
  execution: 'execution-1',
  error: '',
  cause: '',
  input,
  ...how,
});

const nameOf = async (event: ObjectCreated, attempt: number) =>
  `digits-${(await idOf(event)).slice(0, 16)}-a${attempt}`;

/** A deployment in the middle, whose execution runs no longer. */
async function died(world: MemoryWorld) {
  const event = world.upload();
  await world.before('InspectArtifact', event);
  world.executions.end('execution-1');
  return event;
}

const KEY = 'models/digits/model.onnx';

describe('the deployments of one machine', () => {
  it('begin with an execution named after the model, the deployment and the attempt', async () => {
    const { world, deployments, starts } = deploymentsOf();
    const event = world.upload();

    await deployments.begin(event);

    const name = await nameOf(event, 1);
    expect(starts).toEqual([{ workflow: 'deploy', name, input: event }]);
  });

  it('are taken up when their execution has died', async () => {
    const { world, deployments, starts, acknowledged } = deploymentsOf();
    const event = await died(world);

    await deployments.begin(event);

    const recovery = { deploymentId: await idOf(event) };
    expect(starts).toMatchObject([{ name: await nameOf(event, 2), input: { recovery } }]);
    expect(acknowledged).toEqual([]);
  });

  it('are given up after as many stops as they may have, and say so', async () => {
    const { world, deployments, acknowledged } = deploymentsOf();
    const event = await died(world);
    const id = await idOf(event);
    await world.registry.adopt(id, 'execution-1', 'execution-2');
    await world.registry.adopt(id, 'execution-2', 'execution-3');

    await deployments.begin(event);

    const { phase, trouble } = (await world.registry.deployment(id)) ?? {};
    expect(phase).toBe('Failed');
    expect(trouble?.reason).toMatch(/Slipway was stopped or killed each time .*; drop it again/);
    expect(acknowledged).toEqual([KEY]);
  });

  it('are left alone while their execution runs', async () => {
    const { world, deployments, starts } = deploymentsOf();
    const event = world.upload();
    await world.before('InspectArtifact', event);

    await deployments.begin(event);

    expect(starts).toEqual([]);
  });

  it('are not begun again once they have ended', async () => {
    const { world, deployments, starts, acknowledged } = deploymentsOf();
    const event = world.upload();
    await world.deploy(event);

    await deployments.begin(event);

    expect(starts).toEqual([]);
    expect(acknowledged).toEqual([KEY]);
  });

  it('are not named after a model that may not be called so', async () => {
    const { deployments, starts } = deploymentsOf();
    const object = { key: 'models/My Model/v1/weights.bin', 'version-id': '1' };

    await deployments.begin({ detail: { bucket: { name: 'bucket' }, object } });

    expect(starts).toMatchObject([{ name: expect.stringMatching(/^upload-/) }]);
  });
});

describe('the end of an execution', () => {
  it('lets the bucket forget an event that started no deployment', async () => {
    const { world, deployments, acknowledged } = deploymentsOf();

    await deployments.ended(endOf(world.upload()));

    expect(acknowledged).toEqual([KEY]);
  });

  it('is followed by another execution when the deployment has not ended', async () => {
    const { world, deployments, starts, acknowledged } = deploymentsOf();
    const event = await died(world);

    await deployments.ended(endOf(event, { error: 'States.Aborted', cause: 'stopped' }));

    expect(starts).toMatchObject([{ name: await nameOf(event, 2) }]);
    expect(acknowledged).toEqual([]);
  });

  it('lets the bucket forget the event of a deployment that was given up', async () => {
    const { world, deployments, acknowledged } = deploymentsOf();
    const event = await died(world);
    const id = await idOf(event);
    await world.registry.adopt(id, 'execution-1', 'execution-2');
    await world.registry.adopt(id, 'execution-2', 'execution-3');

    await deployments.ended(endOf(event, { execution: 'execution-3', error: 'X', cause: 'y' }));

    expect((await world.registry.deployment(id))?.phase).toBe('Failed');
    expect(acknowledged).toEqual([KEY]);
  });

  it.each([
    { error: 'StorageFull', name: 'StorageFull' },
    { error: 'PlatformDenied', name: 'PlatformUnavailable' },
  ])('keeps an event that $error kept from being admitted', async ({ error, name }) => {
    const { world, deployments, acknowledged } = deploymentsOf();
    const cause = JSON.stringify({ errorType: error, errorMessage: 'the disk is full' });

    const ended = deployments.ended(endOf(world.upload(), { error, cause }));

    await expect(ended).rejects.toMatchObject({
      name,
      message: `${KEY} was not admitted: the disk is full`,
    });
    expect(acknowledged).toEqual([]);
  });

  it('keeps the event of a deployment that it could not take up', async () => {
    const { world, deployments, acknowledged } = deploymentsOf();
    const event = await died(world);

    const ended = deployments.ended(endOf(event, { execution: 'execution-2', ...DENIED }));

    await expect(ended).rejects.toThrow(/was not admitted: the door is shut/);
    expect(acknowledged).toEqual([]);
  });

  it('says nothing where another execution has the deployment meanwhile', async () => {
    const { world, deployments, acknowledged } = deploymentsOf();
    const event = await died(world);
    await world.registry.adopt(await idOf(event), 'execution-1', 'execution-2');
    world.executions.begin('execution-2');

    await deployments.ended(endOf(event, DENIED));

    expect(acknowledged).toEqual([]);
  });

  it.each(['rollback', 'undeploy'] as const)(
    'of a %s is followed by another when it was stopped',
    async (workflow) => {
      const { world, deployments, starts } = deploymentsOf();
      await world.deploy();
      await world.deploy();
      const input = workflow === 'rollback' ? world.rollback() : world.undeploy();
      await world.before(workflow === 'rollback' ? 'CheckHealth' : 'RetireAll', input);
      world.executions.end('execution-3');

      await deployments.ended({ workflow, execution: 'execution-3', input, ...DENIED });

      expect(starts).toMatchObject([{ workflow, name: expect.stringMatching(/-a2$/) }]);
    },
  );

  it('of a rollback that was not admitted says how to go on', async () => {
    const { world, deployments } = deploymentsOf();
    const input = world.rollback();

    const ended = deployments.ended({ workflow: 'rollback', execution: 'e', input, ...DENIED });

    await expect(ended).rejects.toMatchObject({
      message: 'the rollback of digits was not admitted: the door is shut',
      fix: 'Request it again.',
    });
  });
});
