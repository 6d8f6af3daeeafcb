import { Failure } from '#domain/failure.ts';
import { recoverEnded, sweep } from '#steps/sweep.ts';
import type { MemoryWorld } from '../support/worlds/memory.ts';
import { HOUR_MS, MINUTE_MS, NOTHING, nameOf, sweptWorld } from '../support/worlds/swept.ts';

/** A deployment whose execution was stopped before its health check, six minutes ago. */
async function stopped(world: MemoryWorld) {
  const held = await world.before('CheckHealth');
  const { execution } = await world.recordOf(held);
  world.executions.end(execution);
  world.clock.advance(6 * MINUTE_MS);
  return { ...held, execution };
}

describe('a deployment whose execution is over', () => {
  it('is taken up by another', async () => {
    const { world, starts, run } = sweptWorld();
    const held = await stopped(world);

    expect(await run()).toEqual({ ...NOTHING, recovered: [held.deploymentId] });

    expect(starts).toMatchObject([
      { workflow: 'deploy', input: { recovery: { deploymentId: held.deploymentId } } },
    ]);
  });

  it('is taken up once by two sweeps', async () => {
    const { world, starts, run } = sweptWorld();
    await stopped(world);

    await Promise.all([run(), run()]);

    expect(starts).toHaveLength(1);
  });

  it('is left alone while what is known of its execution may be late', async () => {
    const { world, run } = sweptWorld();
    const held = await world.before('CheckHealth');
    world.executions.end('execution-1');
    world.clock.advance(4 * MINUTE_MS);

    expect(await run()).toEqual(NOTHING);
    expect((await world.recordOf(held)).endedAtMs).toBeNull();
  });
});

it('a deployment whose execution runs is left alone', async () => {
  const { world, run } = sweptWorld();
  await world.deploy();
  const held = await world.before('CommitDeployment');
  world.clock.advance(24 * HOUR_MS);
  const before = await world.recordOf(held);

  expect(await run()).toEqual(NOTHING);
  world.clock.advance(HOUR_MS);
  expect(await run()).toEqual(NOTHING);
  expect(await world.recordOf(held)).toEqual(before);
  expect(world.existing()).toEqual(['digits-v1', 'digits-v2']);
});

it('what fails does not keep the rest from being repaired, and is told', async () => {
  const { world, deps, starts } = sweptWorld();
  const held = await stopped(world);
  world.upload({ model: 'digits' });
  const shapes = world.upload({ model: 'shapes' });
  world.clock.advance(6 * MINUTE_MS);
  const start: typeof deps.executions.start = async (workflow, name, input) => {
    if (name.startsWith('digits')) throw new Failure('PlatformThrottled', 'too many');
    await deps.executions.start(workflow, name, input);
  };

  const swept = sweep({ ...deps, executions: { ...deps.executions, start } })();

  await expect(swept).rejects.toMatchObject({ name: 'PlatformThrottled' });
  expect(starts.map(({ name }) => name)).toEqual([await nameOf(shapes, 1, 'shapes')]);
  expect((await world.recordOf(held)).endedAtMs).toBeNull();
});

it('the front door gets settings that it lacked, and a refusal of that keeps nothing else from being done', async () => {
  const { deps, run } = sweptWorld();
  const settled = await sweep({ ...deps, settleFront: async () => 'stage v1 of the API' })();
  const refused = sweep({ ...deps, settleFront: () => Promise.reject(new Error('denied')) })();

  expect(settled).toEqual({ ...NOTHING, repaired: ['stage v1 of the API'] });
  await expect(refused).rejects.toThrow('denied');
  await expect(run()).resolves.toEqual(NOTHING);
});

it('a list that cannot be read keeps nothing else from being repaired', async () => {
  const { world, deps, starts } = sweptWorld();
  await stopped(world);
  const newest = () => Promise.reject(new Failure('PlatformDenied', 'not allowed'));

  const swept = sweep({ ...deps, artifacts: { ...deps.artifacts, newest } })();

  await expect(swept).rejects.toMatchObject({ name: 'PlatformDenied' });
  expect(starts).toHaveLength(1);
});

describe('an execution that is said to have ended', () => {
  const said = { status: 'FAILED', error: 'States.Runtime', cause: 'no such path' };

  it('has its deployment taken up at once', async () => {
    const { world, deps, starts } = sweptWorld();
    await world.before('CheckHealth');
    world.executions.end('execution-1');

    await recoverEnded(deps)({ executionArn: 'execution-1', ...said });

    expect(starts).toHaveLength(1);
  });

  it.each([
    [said, 'States.Runtime: no such path'],
    [{ status: 'TIMED_OUT', error: null }, 'TIMED_OUT'],
  ])('was the last, and its end is told: %j', async (how, told) => {
    const { world, deps } = sweptWorld();
    const { deploymentId } = await world.before('CheckHealth');
    await world.registry.adopt(deploymentId, 'execution-1', 'execution-2');
    await world.registry.adopt(deploymentId, 'execution-2', 'execution-3');

    await recoverEnded(deps)({ executionArn: 'execution-3', ...how });

    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Failed',
      reason: `the workflow ended in phase Provisioning with ${told}`,
    });
  });

  it('is not believed to have while it runs', async () => {
    const { world, deps, starts } = sweptWorld();
    await world.before('CheckHealth');

    await recoverEnded(deps)({ executionArn: 'execution-1', ...said });

    expect(starts).toEqual([]);
  });

  it('leaves the deployments of others alone', async () => {
    const { world, deps, starts } = sweptWorld();
    await world.before('CheckHealth');
    world.executions.end('execution-1');

    await recoverEnded(deps)({ executionArn: 'execution-2', ...said });

    expect(starts).toEqual([]);
  });
});
