import { shiftTraffic } from '#steps/shift-traffic.ts';
import { MODEL, memoryWorld } from '../support/memory-world.ts';

const V1 = { 'digits-v1': 100 };
const V2 = { 'digits-v2': 100 };

describe('shifting the traffic', () => {
  it('gives all of it to the candidate, and announces it', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('ShiftTraffic');

    await shiftTraffic(world.deps)(held);

    expect(await world.router.shares(MODEL)).toEqual(V2);
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Shifting',
      data: { before: V1, after: V2 },
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

    await expect(shiftTraffic({ ...world.deps, router })(held)).rejects.toThrow('away');

    expect(await world.router.shares(MODEL)).toEqual(V1);
    expect((await world.recordOf(held)).work.shift).toEqual({
      previous: 'digits-v1',
      before: V1,
      after: V2,
      intendedAtMs: world.clock.now(),
    });
  });

  it('is the same shift when it is made again', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('ShiftTraffic');
    const shift = shiftTraffic(world.deps);
    const first = await shift(held);
    const { work } = await world.recordOf(held);
    world.clock.advance(5000);

    expect(await shift(held)).toEqual(first);
    expect((await world.recordOf(held)).work).toEqual(work);
    expect(world.router.history(MODEL)).toHaveLength(2);
  });

  it('is seen through when someone has changed the shares meanwhile', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('JudgeBake');
    await world.router.setShares(MODEL, V1, V2);

    await shiftTraffic(world.deps)(held);

    expect(await world.router.shares(MODEL)).toEqual(V2);
  });

  it('fails when the lease was lost meanwhile, also when there is nothing left to write', async () => {
    const world = memoryWorld();
    const held = await world.before('VerifyTraffic');
    await world.registry.adopt(held.deploymentId, 'execution-1', 'execution-2');
    await world.steps.AcquireLease({ ...held, execution: 'execution-2', attempt: 0 });

    await expect(shiftTraffic(world.deps)(held)).rejects.toMatchObject({ name: 'LeaseLost' });
  });
});

describe('the bake of a shift', () => {
  const slice = async (isUpgrade: boolean, manifest: string) => {
    const world = memoryWorld();
    if (isUpgrade) await world.deploy();
    const held = await world.before('ShiftTraffic', world.upload({ manifest }));
    const { sliceSeconds } = await shiftTraffic({ ...world.deps, bakeSeconds: 45 })(held);
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
