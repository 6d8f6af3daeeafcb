import { TARGETS } from '#domain/placement/target.ts';
import { complaints, endings } from '../support/worlds/complaints.ts';
import { answersWrong, MODEL } from '../support/worlds/memory.ts';
import { failsWithTraffic } from '../support/worlds/scenarios.ts';
import { type VirtualWorkflow, virtualWorkflow } from '../support/worlds/virtual-workflow.ts';

const on = (target: string) => ({ manifest: `placement: { target: ${target} }` });
const served = (world: VirtualWorkflow) => world.router.history(MODEL).map(({ shares }) => shares);

describe.each(TARGETS)('on %s', (target) => {
  it('a first version goes live, and an upgrade replaces it', async () => {
    const world = virtualWorkflow({ pendingMs: 3000, spreadMs: 2000 });

    await world.run(world.upload(on(target)));
    await world.run(world.upload());

    expect(await complaints(world)).toEqual([]);
    expect(world.outages).toEqual([]);
    expect(world.platforms[target].running()).toEqual(['digits-v2']);
    expect(world.platforms[target].existing()).toEqual(['digits-v1', 'digits-v2']);
    expect((await world.registry.model(MODEL))?.live?.target).toBe(target);
  });

  it.each([
    {
      what: 'answers wrong',
      spoil: (world: VirtualWorkflow) => world.behave('digits-v2', answersWrong),
      end: 'Failed',
    },
    {
      what: 'does not start',
      spoil: (world: VirtualWorkflow) =>
        world.platforms[target].foresee('digits-v2', {
          kind: 'fails',
          reason: 'exited with code 1',
          logTail: [],
        }),
      end: 'Failed',
    },
    {
      what: 'fails under traffic',
      spoil: (world: VirtualWorkflow) => failsWithTraffic(world, 'digits-v2'),
      end: 'RolledBack',
    },
  ])('a second version that $what is gone, and the first serves on', async ({ spoil, end }) => {
    const world = virtualWorkflow({ spreadMs: 2000 });
    await world.run(world.upload(on(target)));
    spoil(world);

    await world.run(world.upload());

    expect(await complaints(world)).toEqual([]);
    expect(world.outages).toEqual([]);
    expect(endings(await world.told())).toEqual(['Live', end]);
    expect(world.existing()).toEqual(['digits-v1']);
  });

  it('the version before is live again by a rollback', async () => {
    const world = virtualWorkflow({ pendingMs: 3000, spreadMs: 2000 });
    await world.run(world.upload(on(target)));
    await world.run(world.upload());

    await world.run(world.rollback());

    expect(await complaints(world)).toEqual([]);
    expect(world.outages).toEqual([]);
    expect(world.running()).toEqual(['digits-v1']);
    expect(endings(await world.told())).toEqual(['Live', 'Live', 'Live']);
  });

  it('an undeploy leaves nothing', async () => {
    const world = virtualWorkflow({ spreadMs: 2000 });
    await world.run(world.upload(on(target)));
    await world.run(world.upload());

    await world.run(world.undeploy());

    expect(await complaints(world)).toEqual([]);
    expect(world.outages).toEqual([]);
    expect(world.existing()).toEqual([]);
    expect(world.router.dataPlane(MODEL)).toEqual({});
    expect(endings(await world.told()).at(-1)).toBe('Undeployed');
  });
});

it('a model moves from Lambda to Fargate, to EC2 and back to Lambda behind one endpoint', async () => {
  const world = virtualWorkflow({ pendingMs: 3000, spreadMs: 2000 });
  for (const target of ['lambda', 'fargate', 'ec2', 'lambda']) {
    await world.run(world.upload(on(target)));
  }

  expect(await complaints(world)).toEqual([]);
  expect(world.outages).toEqual([]);
  expect(served(world)).toEqual([
    { 'digits-v1': 100 },
    { 'digits-v2': 100 },
    // Within one mechanism it moves in steps.
    { 'digits-v2': 90, 'digits-v3': 10 },
    { 'digits-v3': 100 },
    { 'digits-v4': 100 },
  ]);
  expect(world.running()).toEqual(['digits-v4']);
});

it('a side that was left by a move between Lambda and containers serves on for a while', async () => {
  const world = virtualWorkflow();
  await world.run(world.upload());
  const event = world.upload(on('fargate'));

  await world.run(event);

  const told = await world.told();
  const timeOf = (state: string) => Date.parse(told.findLast((each) => each.state === state)!.time);
  expect(timeOf('Retired') - timeOf('Live')).toBe(900_000);
});

it('a rollback moves a model back to the target that it came from', async () => {
  const world = virtualWorkflow({ spreadMs: 2000 });
  await world.run(world.upload(on('fargate')));
  await world.run(world.upload(on('lambda')));

  await world.run(world.rollback());

  expect(await complaints(world)).toEqual([]);
  expect(world.outages).toEqual([]);
  expect((await world.registry.model(MODEL))?.live).toMatchObject({
    version: 1,
    target: 'fargate',
  });
  expect(world.platforms.fargate.running()).toEqual(['digits-v1']);
});

it('a model that asks for a target which the installation has not is rejected after a day, with what to do', async () => {
  const world = virtualWorkflow({ offered: ['lambda'] });

  await world.run(world.upload(on('fargate')));

  expect((await world.told()).at(-1)).toMatchObject({
    state: 'Rejected',
    reason: expect.stringContaining('needs a container'),
    fix: expect.stringContaining('slipway deploy --stage STAGE --containers public'),
  });
  expect(world.existing()).toEqual([]);
});
