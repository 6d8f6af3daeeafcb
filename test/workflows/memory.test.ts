import { addConstantModel } from '../support/models/onnx.ts';
import { complaints, endings } from '../support/worlds/complaints.ts';
import { answersWrong, MODEL } from '../support/worlds/memory.ts';
import { failsWithTraffic } from '../support/worlds/scenarios.ts';
import { type VirtualWorkflow, virtualWorkflow } from '../support/worlds/virtual-workflow.ts';

const V1 = { 'digits-v1': 100 };
const V2 = { 'digits-v2': 100 };

describe('a first deployment', () => {
  it('goes live with all traffic, without a bake', async () => {
    const world = virtualWorkflow({ pendingMs: 3000 });
    const uploadedMs = world.clock.now();

    const end = await world.run(world.upload());

    expect(end.error).toBe('');
    expect(await complaints(world)).toEqual([]);
    expect((await world.told()).map(({ state }) => state)).toEqual([
      'Admitted',
      'Inspected',
      'Provisioning',
      'Ready',
      'Shifting',
      'Baking',
      'Live',
    ]);
    expect(world.clock.now() - uploadedMs).toBeLessThan(10_000);
  });

  it('builds its image once where artifacts are built into images', async () => {
    const world = virtualWorkflow({ engine: 'image' });

    const end = await world.run(world.upload());

    expect(end.error).toBe('');
    expect(await complaints(world)).toEqual([]);
    const { imageTag } = (await world.registry.deployment((await told(world)).deploymentId))!.work
      .plan!;
    expect(world.builds.built).toEqual([imageTag]);
    expect(world.builds.environments).toEqual(['onnx-environment-1']);
    expect((await world.told()).map(({ state }) => state).slice(1, 4)).toEqual([
      'Inspected',
      'Building',
      'Provisioning',
    ]);
  });

  it('waits for no build of what serves it where another model has it already', async () => {
    const world = virtualWorkflow({ engine: 'image' });
    await world.run(world.upload({ model: 'letters' }));

    const end = await world.run(world.upload());

    expect(end.error).toBe('');
    expect(world.builds.built).toHaveLength(2);
    expect(world.builds.environments).toEqual(['onnx-environment-1']);
  });

  it('whose build fails leaves nothing behind, and says why', async () => {
    const world = virtualWorkflow({ engine: 'image' });
    world.builds.fail(['write /layer.tar: no space left on device']);

    await world.run(world.upload());

    expect(await complaints(world)).toEqual([]);
    expect(world.lambda.existing()).toEqual([]);
    expect(await told(world)).toMatchObject({
      state: 'Failed',
      reason: expect.stringContaining('the build ran out of disk'),
      data: { error: 'BuildFailed' },
    });
  });

  it('that breaches leaves no route behind', async () => {
    const world = virtualWorkflow({ spreadMs: 5000 });
    failsWithTraffic(world, 'digits-v1');

    const end = await world.run(world.upload());

    expect(end.error).not.toBe('');
    expect(await complaints(world)).toEqual([]);
    expect(world.outages).toEqual([]);
    expect(world.router.dataPlane(MODEL)).toEqual({});
    expect(endings(await world.told())).toEqual(['RolledBack']);
  });
});

describe('an upgrade', () => {
  it('moves all traffic at once, bakes, and keeps the previous version startable', async () => {
    const world = virtualWorkflow({ spreadMs: 2000 });
    await world.run(world.upload());

    await world.run(world.upload());

    expect(await complaints(world)).toEqual([]);
    expect(served(world)).toEqual([V1, V2]);
    expect(world.lambda.running()).toEqual(['digits-v2']);
    expect(world.lambda.existing()).toEqual(['digits-v1', 'digits-v2']);
    const { atMs } = world.router.history(MODEL).at(-1)!;
    const live = await timeOf(world, 2, 'Live');
    expect(live - atMs).toBeGreaterThanOrEqual(60_000);
  });

  it('bakes as long as the manifest says', async () => {
    const world = virtualWorkflow();
    await world.deploy();

    await world.run(world.upload({ manifest: 'rollout: { bakeSeconds: 100 }' }));

    const baked = (await timeOf(world, 2, 'Live')) - (await timeOf(world, 2, 'Baking'));
    expect(baked).toBe(100_000);
    expect(world.states.filter((state) => state === 'JudgeBake')).toHaveLength(4);
  });

  it('keeps three versions before the live one', async () => {
    const world = virtualWorkflow();
    for (let uploads = 0; uploads < 6; uploads += 1) await world.run(world.upload());

    expect(world.lambda.existing()).toEqual(['digits-v3', 'digits-v4', 'digits-v5', 'digits-v6']);
    expect(world.lambda.running()).toEqual(['digits-v6']);
    expect(await complaints(world)).toEqual([]);
  });

  it('waits for a change of shares that spreads slowly, and no client meets a gap', async () => {
    const world = virtualWorkflow({ spreadMs: 50_000 });
    await world.run(world.upload());

    await world.run(world.upload());

    const { atMs } = world.router.history(MODEL).at(-1)!;
    expect(await timeOf(world, 2, 'Baking')).toBeGreaterThanOrEqual(atMs);
    expect(await complaints(world)).toEqual([]);
    expect(world.outages).toEqual([]);
  });

  it('whose traffic is not seen in two minutes is given up, and says that it may be astray', async () => {
    const world = virtualWorkflow();
    await world.deploy();
    const pending = { kind: 'pending', reason: 'clients still get digits-v1' };
    world.tap(async (method, call) => (method === 'router.verify' ? pending : call()));

    await world.run(world.upload());

    const last = (await world.told()).at(-1)!;
    expect(last.state).toBe('Failed');
    expect(last.reason).toContain('was not seen on the new version within 120 s');
    expect(last.data).toMatchObject({ degraded: true });
    expect(world.lambda.running()).toEqual(['digits-v1', 'digits-v2']);
  });
});

describe('a bad second version', () => {
  it.each([
    {
      what: 'answers wrong',
      spoil: (world: VirtualWorkflow) => world.behave('digits-v2', answersWrong),
      reason: 'output z is not declared',
    },
    {
      what: 'crashes at load',
      spoil: (world: VirtualWorkflow) =>
        world.lambda.foresee('digits-v2', {
          kind: 'fails',
          reason: 'exited with code 1',
          logTail: ['no graph'],
        }),
      reason: 'exited with code 1, and had said: no graph\nno graph',
    },
    {
      what: 'never gets ready',
      spoil: (world: VirtualWorkflow) => world.lambda.foresee('digits-v2', { kind: 'hangs' }),
      reason: 'not ready in 300 s',
    },
  ])('that $what gets no traffic and is gone; one event says why', async ({ spoil, reason }) => {
    const world = virtualWorkflow({ spreadMs: 2000 });
    await world.deploy();
    spoil(world);

    await world.run(world.upload());

    expect(await complaints(world)).toEqual([]);
    expect(served(world)).toEqual([V1]);
    expect(world.lambda.existing()).toEqual(['digits-v1']);
    const told = (await world.told()).filter(({ version }) => version === 2);
    expect(told.filter((event) => event.reason.includes(reason))).toEqual([told.at(-1)]);
    expect(told.at(-1)).toMatchObject({ state: 'Failed', data: { degraded: false } });
  });

  it('that breaches in its bake is rolled back', async () => {
    const world = virtualWorkflow({ spreadMs: 2000 });
    await world.deploy();
    failsWithTraffic(world, 'digits-v2');

    await world.run(world.upload());

    expect(await complaints(world)).toEqual([]);
    expect(world.outages).toEqual([]);
    expect(served(world)).toEqual([V1, V2, V1]);
    expect(world.lambda.existing()).toEqual(['digits-v1']);
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'RolledBack',
      reason: expect.stringContaining('10 of 10 probes failed since the shift'),
      data: { degraded: false },
    });
  });

  it('does not keep the third from going live', async () => {
    const world = virtualWorkflow();
    await world.deploy();
    world.behave('digits-v2', answersWrong);
    await world.run(world.upload());

    await world.run(world.upload());

    expect(world.router.dataPlane(MODEL)).toEqual({ 'digits-v3': 100 });
    expect(await complaints(world)).toEqual([]);
  });
});

describe('an upload that deploys nothing', () => {
  it('because it is no model is rejected, with what to do', async () => {
    const world = virtualWorkflow();
    await world.deploy();

    const end = await world.run(world.upload({ bytes: Buffer.from('no model at all') }));

    expect(end.error).toBe('');
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Rejected',
      reason: expect.stringMatching(/./),
      fix: expect.stringMatching(/./),
    });
    expect(served(world)).toEqual([V1]);
    expect(await complaints(world)).toEqual([]);
  });

  it('because it is the same as the live version is ignored, and named', async () => {
    const world = virtualWorkflow();
    const bytes = addConstantModel({ constant: 1 });
    await world.deploy(world.upload({ bytes }));

    await world.run(world.upload({ bytes }));

    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Ignored',
      reason: expect.stringContaining('digits-v1'),
    });
    expect(await complaints(world)).toEqual([]);
  });
});

/** The shares of the model that clients got, one after the other. */
function served(world: VirtualWorkflow) {
  return world.router.history(MODEL).map(({ shares }) => shares);
}

async function timeOf(world: VirtualWorkflow, version: number, wanted: string): Promise<number> {
  const told = await world.told();
  const event = told.find((each) => each.version === version && each.state === wanted)!;
  return Date.parse(event.time);
}

async function told(world: VirtualWorkflow) {
  return (await world.told()).at(-1)!;
}
