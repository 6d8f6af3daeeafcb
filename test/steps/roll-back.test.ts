import { compensate } from '#steps/compensate.ts';
import { rollBack } from '#steps/roll-back.ts';
import { answersRight, answersWrong, MODEL, memoryWorld } from '../support/worlds/memory.ts';

const V1 = { 'digits-v1': 100 };
const V2 = { 'digits-v2': 100 };
const NONE = { Error: '', Cause: '' };
const DENIED = {
  Error: 'PlatformDenied',
  Cause: '{"errorType":"PlatformDenied","errorMessage":"not allowed\\nFix: Allow it."}',
};

/** An upgrade whose traffic has been shifted. */
async function shifted() {
  const world = memoryWorld();
  await world.deploy();
  const held = await world.before('JudgeBake');
  return { world, held };
}

describe('rolling back', () => {
  it('gives all traffic to the version that is live', async () => {
    const { world, held } = await shifted();

    await rollBack(world.deps)({ ...held, error: NONE });

    expect(await world.router.shares(MODEL)).toEqual(V1);
    expect(await world.recordOf(held)).toMatchObject({ phase: 'RollingBack', trouble: null });
  });

  it('takes the route of a first deployment away', async () => {
    const world = memoryWorld();
    const held = await world.before('JudgeBake');

    await rollBack(world.deps)({ ...held, error: NONE });

    expect(await world.router.shares(MODEL)).toEqual({});
  });

  it('keeps what led to it, with its fix', async () => {
    const { world, held } = await shifted();

    await rollBack(world.deps)({ ...held, error: DENIED });

    expect((await world.recordOf(held)).trouble).toEqual({
      name: 'PlatformDenied',
      reason: 'not allowed',
      fix: 'Allow it.',
    });
  });

  it('is not over before clients get it, and is the same roll back then', async () => {
    const world = memoryWorld({ spreadMs: 5000 });
    await world.deploy();
    const held = await world.before('JudgeBake');
    const roll = () => rollBack(world.deps)({ ...held, error: NONE });

    await expect(roll()).rejects.toMatchObject({
      name: 'TrafficUnverified',
      message: 'the traffic of digits is not back yet: clients still get {"digits-v2":100}',
    });
    world.clock.advance(5000);

    expect(await roll()).toEqual({});
    expect(world.router.dataPlane(MODEL)).toEqual(V1);
  });
});

describe('the side that gets the traffic', () => {
  it('is the candidate when only that one works', async () => {
    const { world, held } = await shifted();
    world.behave('digits-v1', answersWrong);

    await rollBack(world.deps)({ ...held, error: NONE });

    expect(await world.router.shares(MODEL)).toEqual(V2);
    expect((await world.recordOf(held)).work.kept).toEqual({
      revision: 'digits-v2',
      live: 'digits-v1',
      reason: expect.stringContaining('golden request'),
    });
  });

  it('is said by the deployment’s end when it is the candidate', async () => {
    const { world, held } = await shifted();
    world.behave('digits-v1', answersWrong);
    await rollBack(world.deps)({ ...held, error: DENIED });

    await compensate(world.deps)({ ...held, error: NONE });

    expect((await world.told()).at(-1)).toMatchObject({
      state: 'RolledBack',
      reason: expect.stringMatching(
        /^not allowed; digits-v2 keeps the traffic all the same, because it answered and digits-v1, the live revision, did not: /,
      ),
      fix: 'Allow it. Upload a version that works; until then Slipway tries to repair digits-v1.',
      data: { degraded: true, left: ['digits-v2'] },
    });
  });

  it('is the live version once that works again', async () => {
    const { world, held } = await shifted();
    world.behave('digits-v1', answersWrong);
    await rollBack(world.deps)({ ...held, error: NONE });
    world.behave('digits-v1', answersRight);

    await rollBack(world.deps)({ ...held, error: NONE });

    expect(await world.router.shares(MODEL)).toEqual(V1);
    expect((await world.recordOf(held)).work.kept).toBeNull();
  });

  it('is the live version when neither works', async () => {
    const { world, held } = await shifted();
    world.behave('digits-v1', answersWrong);
    world.behave('digits-v2', answersWrong);

    await rollBack(world.deps)({ ...held, error: NONE });

    expect(await world.router.shares(MODEL)).toEqual(V1);
  });

  it('is the version that went live while this deployment was not running', async () => {
    const { world, held } = await shifted();
    world.executions.end('execution-2');
    world.clock.advance(900_001);
    await world.deploy();
    const { execution } = await world.recordOf(held);
    await world.registry.adopt(held.deploymentId, execution, 'again');
    const lease = await world.deps.registry.acquireLease({
      ...held,
      execution: 'again',
      leaseSeconds: 900,
      over: null,
    });

    await rollBack(world.deps)({
      ...held,
      epoch: lease.kind === 'acquired' ? lease.epoch : 0,
      error: NONE,
    });

    expect(await world.router.shares(MODEL)).toEqual({ 'digits-v3': 100 });
  });
});

describe('nothing is rolled back', () => {
  it('when the version is live: the answer of its commit was lost', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('RetirePrevious');

    await rollBack(world.deps)({ ...held, error: DENIED });

    expect(await world.router.shares(MODEL)).toEqual(V2);
    expect((await world.recordOf(held)).trouble).toBeNull();
  });

  it('when the commit comes through while it looks, which is no success', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('CommitDeployment');
    const before = await world.recordOf(held);
    await world.steps.CommitDeployment(held);
    const registry = { ...world.registry, deployment: async () => before };

    const rolling = rollBack({ ...world.deps, registry })({ ...held, error: DENIED });

    await expect(rolling).rejects.toMatchObject({ name: 'PhaseConflict' });
    expect(await world.router.shares(MODEL)).toEqual(V2);
  });

  it('when no traffic was to be moved yet', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('ShiftTraffic');

    await rollBack(world.deps)({ ...held, error: DENIED });

    expect(await world.router.shares(MODEL)).toEqual(V1);
    expect((await world.recordOf(held)).phase).toBe('Compared');
  });

  it('when the deployment has been rolled back already', async () => {
    const { world, held } = await shifted();
    await world.registry.advance(held, 'RollingBack', {}, {});
    await world.registry.advance(held, 'RolledBack', {}, {});

    await rollBack(world.deps)({ ...held, error: DENIED });

    expect(await world.router.shares(MODEL)).toEqual(V2);
  });
});
