import type { Target } from '#domain/placement/target.ts';
import { awaitContainers } from '#steps/await-containers.ts';
import { chooseTarget } from '#steps/choose-target.ts';
import { memoryWorld } from '../support/worlds/memory.ts';

const HOUR_MS = 3_600_000;

async function waiting(manifest = 'placement: { target: fargate }') {
  const offered: Target[] = ['lambda'];
  const world = memoryWorld({ offered });
  const held = await world.before('ChooseTarget', world.upload({ manifest }));
  const answer = await chooseTarget(world.deps)({ ...held, variables: [] });
  return {
    world,
    held,
    answer,
    turnOn: () => offered.push('fargate', 'ec2'),
    look: (attempt = 0) => awaitContainers(world.deps)({ ...held, attempt }),
  };
}

describe('a model that needs a container where there is none', () => {
  it('waits, and says once why, what a month costs, what to do, and until when', async () => {
    const { world, held, answer } = await waiting();

    const again = await chooseTarget(world.deps)({ ...held, variables: [] });

    expect([answer, again]).toEqual([{ target: 'none' }, { target: 'none' }]);
    const told = (await world.told()).filter(({ state }) => state === 'Waiting');
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      reason:
        'the model needs a container, and this installation has none (lambda: placement.target is fargate). Containers would cost $16.63 a month while idle, the model on fargate $36.04 more, and each public address $3.65',
      fix: 'Turn containers on with `slipway deploy --stage STAGE --containers public`: the deployment goes on by itself then. It is Rejected after 24 h without them.',
      data: {
        awaits: 'containers',
        target: 'fargate',
        stackUsdPerMonth: 16.63,
        modelUsdPerMonth: 36.04,
      },
    });
  });

  it('says what the instance costs that the model would get', async () => {
    const { world } = await waiting('placement: { target: ec2 }');

    expect((await world.told()).at(-1)).toMatchObject({
      reason: expect.stringContaining('the model on ec2 $68.95 more'),
      data: { modelUsdPerMonth: 68.95 },
    });
  });

  it('holds no lease while it waits', async () => {
    const { world, look } = await waiting();

    const answer = await look();

    expect(answer).toEqual({ kind: 'pending', retrySeconds: 10, attempt: 1 });
    expect((await world.registry.lease('digits'))?.holder).toBeNull();
  });

  it('is looked at ever more rarely, at least every ten minutes', async () => {
    const { world, look } = await waiting();

    world.clock.advance(HOUR_MS / 2);
    expect(await look()).toMatchObject({ retrySeconds: 180 });
    world.clock.advance(20 * HOUR_MS);
    expect(await look()).toMatchObject({ retrySeconds: 600 });
  });

  it('goes on once there are containers', async () => {
    const { look, turnOn } = await waiting();
    await look();

    turnOn();

    expect(await look(1)).toEqual({ kind: 'ready', retrySeconds: 0, attempt: 2 });
  });

  it('is rejected after a day, with the way, and stays so', async () => {
    const { world, held, look } = await waiting();
    world.clock.advance(24 * HOUR_MS);

    const answers = [await look(), await look(1)];

    expect(answers.map(({ kind }) => kind)).toEqual(['rejected', 'rejected']);
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Rejected',
      reason: expect.stringContaining('within 24 h'),
      fix: 'Turn containers on with `slipway deploy --stage STAGE --containers public`, and upload the model again.',
    });
    expect((await world.recordOf(held)).endedAtMs).not.toBeNull();
  });

  it('waits no longer after a recovery than it would have without', async () => {
    const { world, held, look } = await waiting();
    await look();
    world.clock.advance(23 * HOUR_MS);
    const { deploymentId } = held;
    await world.registry.adopt(deploymentId, 'execution-1', 'execution-2');
    const lease = await world.steps.AcquireLease({
      ...{ deploymentId, execution: 'execution-2', attempt: 0 },
    });
    const { epoch } = lease as { epoch: number };
    await chooseTarget(world.deps)({ deploymentId, epoch, variables: [] });
    world.clock.advance(HOUR_MS);

    const answer = await awaitContainers(world.deps)({ deploymentId, epoch, attempt: 0 });

    expect(answer.kind).toBe('rejected');
  });

  it('gives way to a newer upload', async () => {
    const { world, look } = await waiting();
    await look();
    await world.before('AcquireLease');

    expect(await look(1)).toMatchObject({ kind: 'superseded' });
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Superseded',
      reason: 'a newer version was admitted while this one waited',
    });
  });

  it('ends when a person gives it up', async () => {
    const { world, held, look } = await waiting();
    const trouble = { name: 'Aborted', reason: 'aborted by slipway abort', fix: '' };
    await world.registry.requestAbort(held.deploymentId, trouble);

    expect(await look()).toMatchObject({ kind: 'aborted' });
    expect(await look(1)).toMatchObject({ kind: 'aborted' });
  });

  it('fails when something else has gone wrong with it meanwhile', async () => {
    const { world, held, look } = await waiting();
    await world.registry.recordTrouble(held, { name: 'BuildFailed', reason: 'because', fix: '' });

    expect(await look()).toMatchObject({ kind: 'failed' });
  });

  it('waits for its lease like a new one once there are containers, however long it has waited for them', async () => {
    const { world, held, look, turnOn } = await waiting();
    await look();
    world.clock.advance(10 * HOUR_MS);
    turnOn();
    await look(1);
    const other = world.undeploy();
    await world.steps.AdmitUndeploy({ request: other, execution: 'execution-u' });
    await world.steps.AcquireLease({
      ...{ deploymentId: other.deploymentId, execution: 'execution-u', attempt: 0 },
    });

    const lease = await world.steps.AcquireLease({
      ...{ deploymentId: held.deploymentId, execution: 'execution-1', attempt: 1 },
    });

    expect(lease).toMatchObject({ kind: 'held' });
  });
});
