import type { Held } from '#domain/workflow.ts';
import { acquireLease } from '#steps/acquire-lease.ts';
import { planBuild } from '#steps/plan-build.ts';
import { type MemoryWorld, memoryWorld } from '../support/worlds/memory.ts';

const LEASE_MS = 900_000;
const HOUR_MS = 3_600_000;

/** The step's request for a deployment by the execution that owns it. */
async function request(world: MemoryWorld, held: Held) {
  const { id, execution } = await world.recordOf(held);
  return { deploymentId: id, execution, attempt: 0 };
}

/** Another execution owns the deployment now. */
async function adopted(world: MemoryWorld, held: Held) {
  const { id, execution } = await world.recordOf(held);
  await world.registry.adopt(id, execution, 'run-again');
  return { deploymentId: id, execution: 'run-again', attempt: 0 };
}

/** One deployment in progress and a newer one that waits for it. */
async function holderAndWaiter(world: MemoryWorld) {
  const holder = await world.before('InspectArtifact');
  const waiter = await world.before('AcquireLease');
  return { holder: await request(world, holder), waiter: await request(world, waiter) };
}

describe('the lease of a model', () => {
  it('is acquired when it is free, and again by the same execution', async () => {
    const world = memoryWorld();
    const held = await world.before('AcquireLease');
    const acquire = acquireLease(world.deps);

    const first = await acquire(await request(world, held));
    const again = await acquire(await request(world, held));

    expect(first).toEqual({
      kind: 'acquired',
      epoch: 1,
      resume: 'none',
      retrySeconds: 0,
      attempt: 1,
    });
    expect(again).toEqual(first);
  });

  it('is waited for while another deployment is in progress', async () => {
    const world = memoryWorld();
    const { waiter } = await holderAndWaiter(world);

    const answer = await acquireLease(world.deps)({ ...waiter, attempt: 4 });

    expect(answer).toMatchObject({ kind: 'held', retrySeconds: 1, attempt: 5 });
  });

  it.each([
    { of: 'image', status: 'STOPPED' },
    { of: 'environment', status: 'IN_PROGRESS' },
  ] as const)(
    'while it is waited for has the build of an $of end as $status: the newer upload needs no older image, but what serves it',
    async ({ of, status }) => {
      const world = memoryWorld({ engine: 'image' });
      const holder = await world.before('PlanBuild');
      await planBuild(world.deps)(holder);
      const waiter = await world.before('AcquireLease');
      const running = { of, status: 'IN_PROGRESS', phase: 'BUILD', phases: [], log: null } as const;
      world.builds.has(holder.deploymentId, running);

      const answer = await acquireLease(world.deps)(await request(world, waiter));

      expect(answer.kind).toBe('held');
      expect(await world.builds.builds.find(holder.deploymentId)).toMatchObject({ status });
    },
  );

  it('is asked for once a minute at most, and given up after two hours', async () => {
    const world = memoryWorld();
    const { waiter } = await holderAndWaiter(world);

    world.clock.advance(2 * HOUR_MS - 1000);
    const seldom = await acquireLease(world.deps)(waiter);
    world.clock.advance(2000);
    const never = await acquireLease(world.deps)(waiter);

    expect(seldom).toMatchObject({ kind: 'held', retrySeconds: 60 });
    expect(never).toMatchObject({ kind: 'givenUp', retrySeconds: 0 });
  });

  it('that does not come within two hours ends the deployment, and says for whom it waited', async () => {
    const world = memoryWorld();
    const { holder, waiter } = await holderAndWaiter(world);
    world.clock.advance(2 * HOUR_MS + 1000);

    await acquireLease(world.deps)(waiter);

    const { phase, endedAtMs } = await world.recordOf(waiter);
    expect({ phase, isEnded: endedAtMs !== null }).toEqual({ phase: 'Failed', isEnded: true });
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Failed',
      reason: `waited 2 h for deployment ${holder.deploymentId} of the model, which is still under way`,
      fix: expect.stringContaining('slipway abort'),
      data: { error: 'WaitedTooLong', degraded: false },
    });
  });

  it('is not waited for by a deployment that was aborted', async () => {
    const world = memoryWorld();
    const { waiter } = await holderAndWaiter(world);
    const aborted = { name: 'Aborted', reason: 'somebody asked for it', fix: '' };
    await world.registry.requestAbort(waiter.deploymentId, aborted);

    const answer = await acquireLease(world.deps)(waiter);

    expect(answer).toMatchObject({ kind: 'aborted' });
    expect(await world.recordOf(waiter)).toMatchObject({ phase: 'Aborted', trouble: aborted });
  });

  it('is waited for by an aborted deployment that has made something, to take it away', async () => {
    const world = memoryWorld();
    const held = await world.before('CheckHealth');
    const asked = await adopted(world, held);
    await world.registry.releaseLease(held);
    const holder = await world.before('InspectArtifact');
    await world.registry.requestAbort(held.deploymentId, {
      name: 'Aborted',
      reason: 'somebody asked for it',
      fix: '',
    });

    const answer = await acquireLease(world.deps)(asked);

    expect(holder.deploymentId).not.toBe(held.deploymentId);
    expect(answer).toMatchObject({ kind: 'held' });
  });

  it('is not taken from a deployment that runs, however long that takes', async () => {
    const world = memoryWorld();
    const { waiter } = await holderAndWaiter(world);
    world.clock.advance(LEASE_MS + 1);

    expect((await acquireLease(world.deps)(waiter)).kind).toBe('held');
  });

  it('is taken from a dead execution once it has run out, and not before', async () => {
    const world = memoryWorld();
    const { holder, waiter } = await holderAndWaiter(world);
    world.executions.end(holder.execution);
    const heldMs = world.clock.now() - (await world.recordOf(holder)).phaseChangedAtMs;

    world.clock.advance(LEASE_MS - heldMs - 1);
    const early = await acquireLease(world.deps)(waiter);
    world.clock.advance(1);
    const late = await acquireLease(world.deps)(waiter);

    expect(early.kind).toBe('held');
    expect(late).toMatchObject({ kind: 'acquired', epoch: 2, resume: 'none' });
  });

  it('is taken from a dead execution at once when it was granted before the clock was set back', async () => {
    const world = memoryWorld();
    const { holder, waiter } = await holderAndWaiter(world);
    world.executions.end(holder.execution);
    world.clock.step(-HOUR_MS);

    expect(await acquireLease(world.deps)(waiter)).toMatchObject({ kind: 'acquired' });
  });

  it('is not taken from a dead execution whose clock was a little ahead, as in another function', async () => {
    const world = memoryWorld();
    const { holder, waiter } = await holderAndWaiter(world);
    world.executions.end(holder.execution);
    world.clock.step(-1_000);

    expect(await acquireLease(world.deps)(waiter)).toMatchObject({ kind: 'held' });
  });

  it('is not for a deployment that has not begun when a newer one comes', async () => {
    const world = memoryWorld();
    const held = await world.before('AcquireLease');
    await world.before('AcquireLease');

    const answer = await acquireLease(world.deps)(await request(world, held));

    expect(answer.kind).toBe('superseded');
  });
});

describe('a deployment that is taken up', () => {
  it.each([
    'InspectArtifact',
    'ProvisionLambda',
    'CheckHealth',
    'ShiftTraffic',
    'VerifyTraffic',
    'CommitDeployment',
  ] as const)('goes on when it had come to %s', async (state) => {
    const world = memoryWorld();
    const held = await world.before(state);

    const answer = await acquireLease(world.deps)(await adopted(world, held));

    expect(answer).toMatchObject({ kind: 'acquired', epoch: 2, resume: 'none' });
  });

  it('only retires the previous version after its commit', async () => {
    const world = memoryWorld();
    const held = await world.before('RetirePrevious');

    const { resume } = await acquireLease(world.deps)(await adopted(world, held));

    expect(resume).toBe('retire');
  });

  it.each([
    {
      what: 'had met with trouble',
      spoil: async ({ registry }: MemoryWorld, held: Held) => {
        await registry.recordTrouble(held, { name: 'RevisionFailed', reason: 'no', fix: '' });
      },
    },
    {
      what: 'was rolling back',
      spoil: async ({ registry }: MemoryWorld, held: Held) => {
        await registry.advance(held, 'RollingBack', {}, {});
      },
    },
    {
      what: 'had failed and only held its lease',
      spoil: async ({ registry }: MemoryWorld, held: Held) => {
        await registry.advance(held, 'Failed', {}, {});
      },
    },
  ])('goes back when it $what', async ({ spoil }) => {
    const world = memoryWorld();
    const held = await world.before('VerifyTraffic');
    await spoil(world, held);

    const { resume } = await acquireLease(world.deps)(await adopted(world, held));

    expect(resume).toBe('rollback');
  });

  it('goes back when it was asked to be aborted', async () => {
    const world = memoryWorld();
    const held = await world.before('InspectArtifact');
    const trouble = { name: 'Aborted', reason: 'somebody asked for it', fix: '' };
    await world.registry.requestAbort(held.deploymentId, trouble);

    const { resume } = await acquireLease(world.deps)(await adopted(world, held));

    expect(resume).toBe('rollback');
  });

  it('goes on with what was asked for by name, though a newer version is live', async () => {
    const world = memoryWorld();
    for (let version = 1; version <= 2; version += 1) await world.deploy();
    const held = await world.before('CheckHealth', world.rollback(1));

    const { resume } = await acquireLease(world.deps)(await adopted(world, held));

    expect(resume).toBe('none');
  });

  it('ends an undeploy that has taken everything away', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('ReleaseLease', world.undeploy());

    const { resume } = await acquireLease(world.deps)(await adopted(world, held));

    // The workflow then compensates, which finds all done.
    expect(resume).toBe('rollback');
  });

  it('goes back when a newer version has gone live meanwhile, and says which', async () => {
    const world = memoryWorld();
    const held = await world.before('CheckHealth');
    const request = await adopted(world, held);
    world.clock.advance(LEASE_MS + 1);
    world.executions.end('execution-1');
    await world.deploy();

    const { resume } = await acquireLease(world.deps)(request);

    expect(resume).toBe('rollback');
    expect((await world.registry.deployment(held.deploymentId))?.trouble).toEqual({
      name: 'Superseded',
      reason: 'digits-v2 went live while this deployment was not running',
      fix: '',
    });
  });

  it('gives a repair up when another version has gone live meanwhile', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('AcquireLease', world.rollback(1, 'repair'));
    await world.deploy();

    const { resume } = await acquireLease(world.deps)(await adopted(world, held));

    expect(resume).toBe('rollback');
    expect((await world.registry.deployment(held.deploymentId))?.trouble?.reason).toBe(
      'digits-v2 went live while this deployment was not running',
    );
  });

  it('gives a rollback up that had shifted before another version went live', async () => {
    const world = memoryWorld();
    await world.deploy();
    await world.deploy();
    const held = await world.before('VerifyTraffic', world.rollback(1));
    const { execution } = await world.recordOf(held);
    const request = await adopted(world, held);
    world.clock.advance(LEASE_MS + 1);
    world.executions.end(execution);
    await world.deploy();

    expect((await acquireLease(world.deps)(request)).resume).toBe('rollback');
  });

  it('gives an upload up that had not begun when an undeploy was asked for', async () => {
    const world = memoryWorld();
    await world.deploy();
    const upload = await world.before('AcquireLease');
    world.clock.advance(1000);
    await world.before('AcquireLease', world.undeploy());

    const { execution } = await world.recordOf(upload);
    const request = { deploymentId: upload.deploymentId, execution, attempt: 0 };

    expect((await acquireLease(world.deps)(request)).kind).toBe('superseded');
  });

  it('gives an undeploy up when a later upload has gone live before it', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('AcquireLease', world.undeploy());
    world.clock.advance(1000);
    await world.deploy();

    expect((await acquireLease(world.deps)(await adopted(world, held))).resume).toBe('rollback');
  });
});
