import { takeOver } from '#steps/take-over.ts';
import { memoryWorld } from '../support/worlds/memory.ts';

/** A deployment that `execution-1` has begun. */
async function begun() {
  const world = memoryWorld();
  const held = await world.before('CheckHealth');
  return { world, deployment: await world.recordOf(held) };
}

describe('a deployment that is known', () => {
  it('goes on in the execution that has it', async () => {
    const { world, deployment } = await begun();

    expect(await takeOver(world.deps, deployment, 'execution-1')).toEqual({
      kind: 'admitted',
      id: deployment.id,
      model: 'digits',
      reason: '',
    });
    expect((await world.recordOf({ deploymentId: deployment.id })).attempt).toBe(1);
  });

  it('goes on in another execution when its own has died', async () => {
    const { world, deployment } = await begun();
    world.executions.end('execution-1');

    expect((await takeOver(world.deps, deployment, 'another')).kind).toBe('admitted');
    expect(await world.recordOf({ deploymentId: deployment.id })).toMatchObject({
      execution: 'another',
      attempt: 2,
    });
  });

  it('is left alone while its own execution runs', async () => {
    const { world, deployment } = await begun();

    expect((await takeOver(world.deps, deployment, 'another')).kind).toBe('ignored');
    expect((await world.recordOf({ deploymentId: deployment.id })).execution).toBe('execution-1');
  });

  it('is left alone when it has ended', async () => {
    const world = memoryWorld();
    const deployment = await world.recordOf(await world.deploy());

    expect(await takeOver(world.deps, deployment, 'another')).toMatchObject({
      kind: 'ignored',
      reason: `deployment ${deployment.id} already exists`,
    });
  });

  it('is taken over by one of two', async () => {
    const { world, deployment } = await begun();
    world.executions.end('execution-1');
    await takeOver(world.deps, deployment, 'another');

    await expect(takeOver(world.deps, deployment, 'a third')).rejects.toMatchObject({
      name: 'LeaseLost',
    });
  });
});
