import { endings } from '../support/worlds/complaints.ts';
import { MODEL } from '../support/worlds/memory.ts';
import { virtualWorkflow } from '../support/worlds/virtual-workflow.ts';

describe('in an account that gives a function 512 MB', () => {
  const options = { functionMemoryMiB: 512 } as const;

  it('a model that fits goes live in 512 MB, and the next one is sized by what was learnt', async () => {
    const world = virtualWorkflow(options);

    await world.run(world.upload());
    await world.run(world.upload());

    expect(endings(await world.told())).toEqual(['Live', 'Live']);
    expect(world.platforms.lambda.spec('digits-v1')).toMatchObject({ memoryMiB: 512 });
    expect(world.platforms.lambda.spec('digits-v2')).toMatchObject({ memoryMiB: 512 });
    const first = world.states.slice(0, world.states.lastIndexOf('AdmitDeployment'));
    const second = world.states.slice(first.length);
    expect(
      [first, second].map((run) => run.filter((state) => state === 'ChooseTarget').length),
    ).toEqual([2, 1]);
  });

  it('a model that needs more goes to a container in the same deployment', async () => {
    const world = virtualWorkflow(options);

    await world.run(world.upload({ manifest: 'resources: { memory: 1Gi }' }));

    expect(endings(await world.told())).toEqual(['Live']);
    expect((await world.registry.model(MODEL))?.live?.target).toBe('fargate');
    expect(world.existing()).toEqual(['digits-v1']);
  });

  it('a model that needs more is rejected where there are no containers, with the case to open', async () => {
    const world = virtualWorkflow({ ...options, offered: ['lambda'] });

    await world.run(world.upload({ manifest: 'resources: { memory: 1Gi }' }));

    const told = await world.told();
    expect(endings(told)).toEqual(['Rejected']);
    expect(told.at(-1)?.reason).toMatch(
      /needs 1024 MiB .* gives a function of this account 512 at most\. .*AWS Support/,
    );
    expect(world.existing()).toEqual([]);
  });
});
