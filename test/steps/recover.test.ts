import type { StepName } from '#domain/workflow.ts';
import { MOST_ATTEMPTS, recover } from '#steps/recover.ts';
import { type MemoryWorld, memoryWorld, type Start } from '../support/worlds/memory.ts';

const STOPPED = { error: 'States.Aborted', cause: 'stopped' };
const UNTOLD = { error: '', cause: '' };

const depsOf = ({ deps }: MemoryWorld) => ({ ...deps, mostAttempts: MOST_ATTEMPTS });

/** A deployment whose execution has ended in the middle. */
async function ended(state: StepName, request?: (world: MemoryWorld) => Promise<Start>) {
  const world = memoryWorld();
  const start = (await request?.(world)) ?? world.upload();
  const held = await world.before(state, start);
  const { execution, id } = await world.recordOf(held);
  world.executions.end(execution);
  const takeUp = (how = STOPPED) => recover(depsOf(world))(execution, id, how);
  return { world, start, held, execution, takeUp };
}

/** Uses up a deployment's executions, each dead before the next. */
async function spent(state: StepName) {
  const { world, held } = await ended(state);
  let { execution } = await world.recordOf(held);
  for (const another of ['execution-2', 'execution-3']) {
    await world.registry.adopt(held.deploymentId, execution, another);
    execution = another;
  }
  const takeUp = (how = STOPPED) => recover(depsOf(world))(execution, held.deploymentId, how);
  return { world, held, takeUp };
}

const live = async (world: MemoryWorld) => {
  await world.deploy();
  await world.deploy();
};

describe('a deployment that no step has ended', () => {
  it('goes on in another execution, with what it was started with', async () => {
    const { world, start, held, takeUp } = await ended('CheckHealth');

    expect(await takeUp()).toBe('started');

    const { bucket, object } = (start as Extract<Start, { detail: unknown }>).detail;
    expect(world.executions.started).toEqual([
      {
        workflow: 'deploy',
        name: `digits-${held.deploymentId.slice(0, 16)}-a2`,
        input: {
          detail: { bucket, object: { key: object.key, 'version-id': object['version-id'] } },
          recovery: { deploymentId: held.deploymentId },
        },
      },
    ]);
  });

  it.each(['rollback', 'repair'] as const)('goes on as the %s that it is', async (kind) => {
    const { world, held, takeUp } = await ended('CheckHealth', async (prepared) => {
      await live(prepared);
      return prepared.rollback(null, kind);
    });

    expect(await takeUp()).toBe('started');

    expect(world.executions.started).toMatchObject([
      {
        workflow: 'rollback',
        name: `digits-${kind}-${held.deploymentId.slice(0, 16)}-a2`,
        input: { kind, deploymentId: held.deploymentId, model: 'digits' },
      },
    ]);
  });

  it('goes on as the undeploy that it is', async () => {
    const { world, held, takeUp } = await ended('RetireAll', async (prepared) => {
      await live(prepared);
      return prepared.undeploy();
    });

    expect(await takeUp()).toBe('started');

    expect(world.executions.started).toMatchObject([
      { workflow: 'undeploy', input: { kind: 'undeploy', deploymentId: held.deploymentId } },
    ]);
  });

  it('is taken up once, however often it is asked for', async () => {
    const { world, takeUp } = await ended('CheckHealth');

    expect(await Promise.all([takeUp(), takeUp()])).toEqual(['started', 'started']);

    expect(world.executions.started).toHaveLength(1);
  });

  it('gets another execution when one ended before it was its own', async () => {
    const { world, takeUp } = await ended('CheckHealth');
    await takeUp();
    world.executions.end(world.executions.started[0]!.name);

    expect(await takeUp()).toBe('started');

    const names = world.executions.started.map(({ name }) => name.slice(-2));
    expect(names).toEqual(['a2', 'a3']);
  });

  it('is settled when none of its executions lives until it is its own', async () => {
    const { world, held, takeUp } = await ended('CheckHealth');
    for (let tried = 0; tried < 3; tried += 1) {
      await takeUp();
      world.executions.end(world.executions.started[tried]!.name);
    }

    expect(await takeUp()).toBe('settled');

    expect(await world.recordOf(held)).toMatchObject({ phase: 'Failed' });
  });

  it('goes on where more executions are allowed', async () => {
    const { world, held } = await spent('CheckHealth');
    const { execution } = await world.recordOf(held);

    const asked = recover({ ...world.deps, mostAttempts: MOST_ATTEMPTS + 1 });

    expect(await asked(execution, held.deploymentId, UNTOLD)).toBe('started');
  });

  it('waits for a platform that starts no execution', async () => {
    const { world, held, execution } = await ended('CheckHealth');
    const executions = { ...world.executions, start: () => Promise.reject(new Error('no')) };

    const asked = recover({ ...depsOf(world), executions })(execution, held.deploymentId, UNTOLD);

    await expect(asked).rejects.toThrow('no');
    expect((await world.recordOf(held)).endedAtMs).toBeNull();
  });
});

describe('after its third execution a deployment', () => {
  it('ends as Failed, and says how the last one ended', async () => {
    const { world, held, takeUp } = await spent('CheckHealth');

    expect(await takeUp()).toBe('settled');

    expect((await world.recordOf(held)).endedAtMs).toBe(world.clock.now());
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Failed',
      reason: 'the workflow ended in phase Provisioning with States.Aborted: stopped',
      data: { degraded: false },
    });
  });

  it('says no more of an execution than there is to say', async () => {
    const { world, takeUp } = await spent('CheckHealth');

    await takeUp(UNTOLD);

    expect((await world.told()).at(-1)?.reason).toBe('the workflow ended in phase Provisioning');
  });

  it('tells the trouble that a step had met with', async () => {
    const { world, held, takeUp } = await spent('CheckHealth');
    await world.registry.recordTrouble(held, { name: 'X', reason: 'no memory', fix: 'Buy some.' });

    await takeUp();

    expect((await world.told()).at(-1)).toMatchObject({ reason: 'no memory', fix: 'Buy some.' });
  });

  it.each([
    { state: 'ShiftTraffic', degraded: false },
    { state: 'VerifyTraffic', degraded: true },
    { state: 'CommitDeployment', degraded: true },
  ] as const)('in $state leaves the traffic in doubt: $degraded', async ({ state, degraded }) => {
    const { world, takeUp } = await spent(state);

    await takeUp();

    expect((await world.told()).at(-1)?.data).toMatchObject({ degraded });
  });

  it('only ends where it is live', async () => {
    const { world, held, takeUp } = await spent('RetirePrevious');
    const told = await world.told();

    expect(await takeUp()).toBe('settled');

    expect(await world.recordOf(held)).toMatchObject({
      phase: 'Live',
      endedAtMs: world.clock.now(),
    });
    expect(await world.told()).toEqual(told);
  });
});

describe('nothing is done', () => {
  it.each([
    {
      what: 'to a deployment that another execution has taken up',
      change: async ({ registry }: MemoryWorld, id: string) => {
        await registry.adopt(id, 'execution-1', 'execution-2');
      },
    },
    {
      what: 'to one that has ended',
      change: async ({ registry }: MemoryWorld, id: string) => {
        await registry.settle({ deploymentId: id, reason: 'stopped before', degraded: false });
      },
    },
    {
      what: 'to one whose execution runs all the same',
      change: async ({ executions }: MemoryWorld) => executions.begin('execution-1'),
    },
  ])('$what', async ({ change }) => {
    const { world, held, takeUp } = await ended('CheckHealth');
    await change(world, held.deploymentId);
    const before = await world.recordOf(held);

    expect(await takeUp()).toBe('left');

    expect(await world.recordOf(held)).toEqual(before);
    expect(world.executions.started).toEqual([]);
  });

  it('to a deployment that nobody knows', async () => {
    const world = memoryWorld();

    expect(await recover(depsOf(world))('execution-1', 'unknown', STOPPED)).toBe('left');
  });

  it('is walked back once more when it was aborted at its last attempt', async () => {
    const { world, held, takeUp } = await spent('CheckHealth');
    const trouble = { name: 'Aborted', reason: 'aborted by slipway abort', fix: '' };
    await world.registry.requestAbort(held.deploymentId, trouble);

    expect(await takeUp()).toBe('started');
  });
});
