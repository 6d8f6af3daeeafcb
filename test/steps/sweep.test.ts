import { Failure } from '#domain/failure.ts';
import { sweep } from '#steps/sweep.ts';
import type { MemoryWorld } from '../support/memory-world.ts';
import { HOUR_MS, MINUTE_MS, nameOf, sweptWorld } from '../support/swept-world.ts';

/** A deployment whose execution was stopped before its health check, six minutes ago. */
async function stopped(world: MemoryWorld) {
  const held = await world.before('CheckHealth');
  const { execution } = await world.recordOf(held);
  world.executions.end(execution);
  world.clock.advance(6 * MINUTE_MS);
  return { ...held, execution };
}

describe('a deployment whose execution is over', () => {
  it('is ended as Failed, and says so', async () => {
    const { world, run } = sweptWorld();
    const held = await stopped(world);

    const swept = await run();

    expect(swept).toEqual({ settled: [held.deploymentId], started: [] });
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Failed',
      reason: 'the workflow ended in phase Provisioning: its execution ended without saying why',
    });
  });

  it('leaves its lease free', async () => {
    const { world, run } = sweptWorld();
    await stopped(world);

    await run();

    await expect(world.before('InspectArtifact')).resolves.toMatchObject({ epoch: 2 });
  });

  it('is ended once', async () => {
    const { world, run } = sweptWorld();
    await stopped(world);
    await run();
    const told = await world.told();

    expect(await run()).toEqual({ settled: [], started: [] });
    expect(await world.told()).toEqual(told);
  });

  it('is left alone while what is known of its execution may be late', async () => {
    const { world, run } = sweptWorld();
    const held = await world.before('CheckHealth');
    world.executions.end('execution-1');
    world.clock.advance(4 * MINUTE_MS);

    expect(await run()).toEqual({ settled: [], started: [] });
    expect((await world.recordOf(held)).endedAtMs).toBeNull();
  });
});

it('a deployment whose execution runs is left alone', async () => {
  const { world, run } = sweptWorld();
  const held = await world.before('CheckHealth');
  world.clock.advance(24 * HOUR_MS);
  const before = await world.recordOf(held);

  expect(await run()).toEqual({ settled: [], started: [] });
  expect(await world.recordOf(held)).toEqual(before);
});

it('what fails does not keep the rest from being repaired, and is told', async () => {
  const { world, deps, starts } = sweptWorld();
  const held = await stopped(world);
  world.upload({ model: 'digits' });
  const shapes = world.upload({ model: 'shapes' });
  world.clock.advance(6 * MINUTE_MS);
  const start: typeof deps.executions.start = async (name, input) => {
    if (name.startsWith('digits')) throw new Failure('PlatformThrottled', 'too many');
    await deps.executions.start(name, input);
  };

  const swept = sweep({ ...deps, executions: { ...deps.executions, start } })();

  await expect(swept).rejects.toMatchObject({ name: 'PlatformThrottled' });
  expect(starts.map(({ name }) => name)).toEqual([await nameOf(shapes, 1, 'shapes')]);
  expect((await world.recordOf(held)).phase).toBe('Failed');
});

describe('an execution that is said to have ended', () => {
  const said = { status: 'FAILED', error: 'States.Runtime', cause: 'no such path' };

  it('has its deployment settled at once, with what Step Functions says of it', async () => {
    const { world, ended } = sweptWorld();
    await world.before('CheckHealth');
    world.executions.end('execution-1');

    await ended({ executionArn: 'execution-1', ...said });

    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Failed',
      reason: 'the workflow ended in phase Provisioning with States.Runtime: no such path',
    });
  });

  it('is told of by its status where there is no error', async () => {
    const { world, ended } = sweptWorld();
    await world.before('CheckHealth');
    world.executions.end('execution-1');

    await ended({ executionArn: 'execution-1', status: 'TIMED_OUT', error: null });

    expect((await world.told()).at(-1)?.reason).toBe(
      'the workflow ended in phase Provisioning with TIMED_OUT',
    );
  });

  it('is not believed to have while it runs', async () => {
    const { world, ended } = sweptWorld();
    const held = await world.before('CheckHealth');

    await ended({ executionArn: 'execution-1', ...said });

    expect((await world.recordOf(held)).endedAtMs).toBeNull();
  });

  it('leaves the deployments of others alone', async () => {
    const { world, ended } = sweptWorld();
    const held = await world.before('CheckHealth');
    world.executions.end('execution-1');

    await ended({ executionArn: 'execution-2', ...said });

    expect((await world.recordOf(held)).endedAtMs).toBeNull();
  });
});
