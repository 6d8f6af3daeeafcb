import { acquireLease } from '#steps/acquire-lease.ts';
import { shiftTraffic } from '#steps/shift-traffic.ts';
import { MODEL, memoryWorld } from '../support/worlds/memory.ts';

const V1 = { 'digits-v1': 100 };
const V2 = { 'digits-v2': 100 };

describe('shifting the traffic', () => {
  it('gives all of it to the candidate, and announces it', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('ShiftTraffic');

    await shiftTraffic(world.deps)({ ...held, attempt: 0 });

    expect(await world.router.shares(MODEL)).toEqual(V2);
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Shifting',
      reason: '',
      data: { before: V1, after: V2, step: 1, steps: 1 },
    });
  });

  it('is written down before it is made', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('ShiftTraffic');
    const router = {
      ...world.router,
      setShares: async () => {
        throw new Error('the router is away');
      },
    };

    await expect(shiftTraffic({ ...world.deps, router })({ ...held, attempt: 0 })).rejects.toThrow(
      'away',
    );

    expect(await world.router.shares(MODEL)).toEqual(V1);
    expect((await world.recordOf(held)).work.shift).toEqual({
      previous: { revision: 'digits-v1', target: 'lambda' },
      steps: [{ percent: 100, bakeSeconds: 60 }],
      step: 0,
      before: V1,
      after: V2,
      attempt: 1,
      intendedAtMs: world.clock.now(),
    });
  });

  it('is the same shift when it is made again', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('ShiftTraffic');
    const shift = shiftTraffic(world.deps);
    const first = await shift({ ...held, attempt: 0 });
    const { work } = await world.recordOf(held);
    world.clock.advance(5000);

    expect(await shift({ ...held, attempt: 0 })).toEqual(first);
    expect((await world.recordOf(held)).work).toEqual(work);
    expect(world.router.history(MODEL)).toHaveLength(2);
  });

  it('has its time anew when another execution takes it up', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('VerifyTraffic');
    const execution = 'execution-3';
    await world.registry.adopt(held.deploymentId, 'execution-2', execution);
    world.clock.advance(900_000);

    const { epoch } = await acquireLease(world.deps)({ ...held, execution, attempt: 0 });
    await shiftTraffic(world.deps)({ ...held, epoch, attempt: 0 });

    expect((await world.recordOf(held)).work.shift).toMatchObject({
      attempt: 2,
      intendedAtMs: world.clock.now(),
    });
  });

  it('is seen through when someone has changed the shares meanwhile', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('JudgeBake');
    await world.router.setShares(MODEL, V1, V2, held.epoch);

    await shiftTraffic(world.deps)({ ...held, attempt: 0 });

    expect(await world.router.shares(MODEL)).toEqual(V2);
  });

  it('fails when the lease was lost meanwhile, also when there is nothing left to write', async () => {
    const world = memoryWorld();
    const held = await world.before('VerifyTraffic');
    await world.registry.adopt(held.deploymentId, 'execution-1', 'execution-2');
    await world.steps.AcquireLease({ ...held, execution: 'execution-2', attempt: 0 });

    await expect(shiftTraffic(world.deps)({ ...held, attempt: 0 })).rejects.toMatchObject({
      name: 'LeaseLost',
    });
  });
});

describe('the bake of a shift', () => {
  const slice = async (isUpgrade: boolean, manifest: string) => {
    const world = memoryWorld();
    if (isUpgrade) await world.deploy();
    const held = await world.before('ShiftTraffic', world.upload({ manifest }));
    const { sliceSeconds } = await shiftTraffic({
      ...world.deps,
      shifts: { ...world.deps.shifts, bakeSeconds: 45 },
    })({ ...held, attempt: 0 });
    const { work } = await world.recordOf(held);
    return { sliceSeconds, bakeSeconds: work.bake?.bakeSeconds };
  };

  it('is none for a first deployment', async () => {
    expect(await slice(false, '')).toEqual({ bakeSeconds: 0, sliceSeconds: 0 });
  });

  it('is as configured for an upgrade, in slices', async () => {
    expect(await slice(true, '')).toEqual({ bakeSeconds: 45, sliceSeconds: 23 });
  });

  it.each([true, false])('is as the manifest says, for an upgrade: %s', async (isUpgrade) => {
    expect(await slice(isUpgrade, 'rollout: { bakeSeconds: 7 }')).toEqual({
      bakeSeconds: 7,
      sliceSeconds: 7,
    });
  });
});

describe('a shift in steps', () => {
  const CANARY = 'rollout: { steps: [10, 50, 100], bakeSeconds: 30 }';

  /** The upgrade with its first step made and baked. */
  async function firstStep(manifest = CANARY) {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('CommitDeployment', world.upload({ manifest }));
    return { world, held };
  }

  it('is one alone where the live version does not have the traffic', async () => {
    const world = memoryWorld();
    await world.deploy();
    await world.deploy();
    const held = await world.before('ShiftTraffic', world.upload({ manifest: CANARY }));
    const { router } = world.deps;
    await router.setShares(MODEL, { 'digits-v1': 100 }, await router.shares(MODEL), held.epoch);

    await shiftTraffic(world.deps)({ ...held, attempt: 0 });

    expect((await world.recordOf(held)).work.shift).toMatchObject({
      steps: [{ percent: 100 }],
      after: { 'digits-v3': 100 },
    });
  });

  it('begins with the first, and says how many there are', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('ShiftTraffic', world.upload({ manifest: CANARY }));

    const answer = await shiftTraffic(world.deps)({ ...held, attempt: 0 });

    expect(answer).toEqual({ sliceSeconds: 30, attempt: 0 });
    expect(await world.router.shares(MODEL)).toEqual({ 'digits-v1': 90, 'digits-v2': 10 });
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Shifting',
      data: { after: { 'digits-v1': 90, 'digits-v2': 10 }, step: 1, steps: 3 },
    });
  });

  it('goes to the next when the bake of the one before is over, with a bake of its own', async () => {
    const { world, held } = await firstStep();

    const { shift, bake } = (await world.recordOf(held)).work;
    expect(shift).toMatchObject({
      step: 2,
      before: { 'digits-v1': 50, 'digits-v2': 50 },
      after: V2,
      previous: { revision: 'digits-v1', target: 'lambda' },
    });
    expect(bake).toMatchObject({ bakeSeconds: 30, isOver: false });
    expect(world.router.history(MODEL).map(({ shares }) => shares)).toEqual([
      V1,
      { 'digits-v1': 90, 'digits-v2': 10 },
      { 'digits-v1': 50, 'digits-v2': 50 },
      V2,
    ]);
  });

  it('makes a step again whose answer was lost, and does not go on to the next', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('JudgeBake', world.upload({ manifest: CANARY }));
    const told = await world.told();

    await shiftTraffic(world.deps)({ ...held, attempt: 0 });

    expect(await world.router.shares(MODEL)).toEqual({ 'digits-v1': 90, 'digits-v2': 10 });
    expect(await world.told()).toEqual(told);
  });

  it('counts nothing of the step before in the bake of the next', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('JudgeBake', world.upload({ manifest: CANARY }));
    const { bake } = (await world.recordOf(held)).work;
    const counted = { looks: 1, probesSent: 30, probesFailed: 1, latenciesMs: [9], isOver: true };
    await world.registry.recordLook(held, { ...bake!, ...counted }, null);

    await shiftTraffic(world.deps)({ ...held, attempt: 0 });

    expect((await world.recordOf(held)).work).toMatchObject({
      shift: { step: 1 },
      bake: { probesSent: 0, probesFailed: 0, latenciesMs: [], previousLatenciesMs: [] },
    });
  });
});

describe('a shift between Lambda and containers', () => {
  it('moves all at once, and says so where the manifest asks for steps', async () => {
    const world = memoryWorld();
    await world.deploy();
    const manifest = 'placement: { target: fargate }\nrollout: { strategy: canary }';
    const held = await world.before('ShiftTraffic', world.upload({ manifest }));

    await shiftTraffic(world.deps)({ ...held, attempt: 0 });

    expect(await world.router.shares(MODEL)).toEqual(V2);
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Shifting',
      reason:
        'from lambda to fargate the traffic can only move all at once, so the strategy is not canary',
      data: { step: 1, steps: 1 },
    });
    expect((await world.recordOf(held)).work.bake?.bakeSeconds).toBe(300);
  });
});

describe('a shift to a version that was proven before', () => {
  it('moves all at once and does not bake', async () => {
    const world = memoryWorld();
    const manifest = 'placement: { target: fargate }';
    for (let version = 1; version <= 2; version += 1)
      await world.deploy(world.upload({ manifest }));
    const held = await world.before('ShiftTraffic', world.rollback());

    const answer = await shiftTraffic(world.deps)({ ...held, attempt: 0 });

    expect(answer).toEqual({ sliceSeconds: 0, attempt: 0 });
    expect(await world.router.shares(MODEL)).toEqual(V1);
  });

  it('gives the live version all of the traffic again', async () => {
    const world = memoryWorld();
    for (let version = 1; version <= 2; version += 1) await world.deploy();
    const held = await world.before('ShiftTraffic', world.rollback(null, 'repair'));
    const drifted = { 'digits-v1': 50, 'digits-v2': 50 };
    await world.router.setShares(MODEL, drifted, V2, held.epoch);

    await shiftTraffic(world.deps)({ ...held, attempt: 0 });

    expect(await world.router.shares(MODEL)).toEqual(V2);
    expect((await world.recordOf(held)).work.shift).toMatchObject({ before: drifted, after: V2 });
  });
});
