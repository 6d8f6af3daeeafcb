import { admitUndeploy } from '#steps/admit-undeploy.ts';
import { memoryWorld } from '../support/worlds/memory.ts';

describe('admitting an undeploy', () => {
  it('records it and announces it, for no version', async () => {
    const world = memoryWorld();
    await world.deploy();
    const request = world.undeploy();

    const answer = await admitUndeploy(world.deps)({ request, execution: 'execution-9' });

    expect(answer).toEqual({
      kind: 'admitted',
      id: request.deploymentId,
      model: 'digits',
      reason: '',
    });
    expect(await world.recordOf(request)).toMatchObject({
      ...{ kind: 'undeploy', version: null, phase: 'Admitted', work: {} },
    });
    expect((await world.told(request.deploymentId)).at(-1)).toMatchObject({
      state: 'Admitted',
      version: null,
      data: { kind: 'undeploy' },
    });
  });

  it('does nothing for a model that is not there', async () => {
    const world = memoryWorld();
    const request = world.undeploy();

    expect(await admitUndeploy(world.deps)({ request, execution: 'execution-9' })).toEqual({
      kind: 'ignored',
      id: request.deploymentId,
      model: 'digits',
      reason: 'there is no model digits',
    });
  });

  it('is one undeploy however often it is asked for, and is taken up when its execution died', async () => {
    const world = memoryWorld();
    await world.deploy();
    const request = world.undeploy();
    const admit = (execution: string) => admitUndeploy(world.deps)({ request, execution });
    const first = await admit('execution-9');

    expect(await admit('execution-9')).toEqual(first);
    expect(await admit('another')).toEqual(first);
    expect(await world.recordOf(request)).toMatchObject({ execution: 'another', attempt: 2 });
  });
});
