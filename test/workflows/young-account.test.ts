import type { Target } from '#domain/placement/target.ts';
import { endings } from '../support/worlds/complaints.ts';
import { idOf, MODEL } from '../support/worlds/memory.ts';
import { virtualWorkflow } from '../support/worlds/virtual-workflow.ts';

const DAY_MS = 86_400_000;

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

  it('a model that needs more waits a day for containers where there are none, and is rejected then; it names the case to open', async () => {
    const world = virtualWorkflow({ ...options, offered: ['lambda'] });

    await world.run(world.upload({ manifest: 'resources: { memory: 1Gi }' }));

    const told = await world.told();
    expect(endings(told)).toEqual(['Rejected']);
    const waiting = told.find(({ state }) => state === 'Waiting');
    expect(waiting?.reason).toMatch(
      /needs 1024 MiB .* gives a function of this account 512 at most\. .*AWS Support/,
    );
    const waitedMs = Date.parse(told.at(-1)!.time) - Date.parse(waiting!.time);
    expect(waitedMs).toBeGreaterThanOrEqual(DAY_MS);
    expect(waitedMs).toBeLessThan(DAY_MS + 600_000);
    expect(world.existing()).toEqual([]);
  });
});

describe('in an account without containers', () => {
  const needy = { manifest: 'placement: { target: fargate }' } as const;
  const withoutContainers = () => {
    const offered: Target[] = ['lambda'];
    const world = virtualWorkflow({ offered, engine: 'image' });
    let looks = 0;
    /** Does something at the so-manieth look for containers. */
    const atLook = (wanted: number, act: () => unknown) =>
      world.tap(async (method, call) => {
        const answer = await call();
        if (method === 'registry.releaseLease') {
          looks += 1;
          if (looks === wanted) await act();
        }
        return answer;
      });
    return { world, atLook, turnOn: () => offered.push('fargate', 'ec2') };
  };
  const states = (told: readonly { readonly state: string }[]) => told.map(({ state }) => state);

  it('a model that needs one waits, and goes live by itself once there are containers, without another build', async () => {
    const { world, atLook, turnOn } = withoutContainers();
    atLook(5, turnOn);

    await world.run(world.upload(needy));

    expect(states(await world.told())).toEqual([
      ...['Admitted', 'Inspected', 'Building', 'Waiting', 'Provisioning'],
      ...['Ready', 'Shifting', 'Baking', 'Live'],
    ]);
    expect(world.builds.built).toHaveLength(1);
    expect((await world.registry.model(MODEL))?.live?.target).toBe('fargate');
  });

  it('another upload does not wait for the one that waits, which is superseded', async () => {
    const { world, atLook } = withoutContainers();
    let second: Promise<unknown> | undefined;
    atLook(3, () => {
      second = world.run(world.upload({ manifest: 'placement: { target: lambda }' }));
    });

    await world.run(world.upload(needy));
    await second;

    expect(endings(await world.told()).toSorted()).toEqual(['Live', 'Superseded']);
    expect((await world.registry.model(MODEL))?.live?.version).toBe(2);
  });

  it('an undeployed model does not come back', async () => {
    const { world, atLook, turnOn } = withoutContainers();
    atLook(3, async () => {
      await world.run(world.undeploy());
      turnOn();
    });

    await world.run(world.upload(needy));

    expect(endings(await world.told()).toSorted()).toEqual(['Superseded', 'Undeployed']);
    expect(world.existing()).toEqual([]);
  });

  it('one that a person gives up is aborted, which is no incident', async () => {
    const { world, atLook } = withoutContainers();
    const event = world.upload(needy);
    const trouble = { name: 'Aborted', reason: 'aborted by slipway abort', fix: '' };
    atLook(3, async () => world.registry.requestAbort(await idOf(event), trouble));

    const end = await world.run(event);

    expect(end).toMatchObject({ error: '' });
    expect(endings(await world.told())).toEqual(['Aborted']);
  });
});
