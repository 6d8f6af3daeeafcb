import type { StepName } from '#domain/workflow.ts';
import { settle } from '#steps/settle.ts';
import { type MemoryWorld, memoryWorld } from '../support/memory-world.ts';

const STOPPED = { error: 'States.Aborted', cause: 'stopped' };

function settleIn({ registry, store }: MemoryWorld) {
  return settle({ registry, artifacts: store });
}

/** A deployment whose execution has ended in the middle. */
async function ended(state: StepName) {
  const world = memoryWorld();
  const event = world.upload();
  const held = await world.before(state, event);
  const { execution } = await world.recordOf(held);
  return { world, held, end: { event, execution, ...STOPPED } };
}

describe('settling', () => {
  it('ends a deployment that no step ended, and says how its execution did', async () => {
    const { world, held, end } = await ended('CheckHealth');

    await settleIn(world)(end);

    expect((await world.recordOf(held)).endedAtMs).toBe(world.clock.now());
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Failed',
      reason: 'the workflow ended in phase Provisioning with States.Aborted: stopped',
      data: { degraded: false },
    });
  });

  it('says no more of an execution than there is to say', async () => {
    const { world, end } = await ended('CheckHealth');

    await settleIn(world)({ ...end, error: '', cause: '' });

    expect((await world.told()).at(-1)?.reason).toBe('the workflow ended in phase Provisioning');
  });

  it('tells the trouble that a step had met with', async () => {
    const { world, held, end } = await ended('CheckHealth');
    await world.registry.recordTrouble(held, { name: 'X', reason: 'no memory', fix: 'Buy some.' });

    await settleIn(world)(end);

    expect((await world.told()).at(-1)).toMatchObject({ reason: 'no memory', fix: 'Buy some.' });
  });

  it.each([
    { state: 'ShiftTraffic', degraded: false },
    { state: 'VerifyTraffic', degraded: true },
    { state: 'CommitDeployment', degraded: true },
  ] as const)('in $state leaves the traffic in doubt: $degraded', async ({ state, degraded }) => {
    const { world, end } = await ended(state);

    await settleIn(world)(end);

    expect((await world.told()).at(-1)?.data).toEqual({ degraded });
  });

  it('in the middle of a roll back leaves the traffic in doubt', async () => {
    const { world, held, end } = await ended('CommitDeployment');
    await world.registry.advance(held, 'RollingBack', {}, {});

    await settleIn(world)(end);

    expect((await world.told()).at(-1)?.data).toEqual({ degraded: true });
  });

  it('only ends one that is live', async () => {
    const { world, held, end } = await ended('RetirePrevious');
    const told = await world.told();

    await settleIn(world)(end);

    expect(await world.recordOf(held)).toMatchObject({
      phase: 'Live',
      endedAtMs: world.clock.now(),
    });
    expect(await world.told()).toEqual(told);
  });

  it('finds the deployment of an event that names no version', async () => {
    const { world, end } = await ended('CheckHealth');
    const { bucket, object } = end.event.detail;
    const event = { detail: { bucket, object: { key: object.key } } };

    await settleIn(world)({ ...end, event });

    expect((await world.told()).at(-1)?.state).toBe('Failed');
  });
});

describe('nothing is settled', () => {
  it.each([
    {
      what: 'of a deployment that another execution has taken up',
      change: async ({ registry }: MemoryWorld, id: string) => {
        await registry.adopt(id, 'execution-1', 'execution-2');
      },
    },
    {
      what: 'of one that has ended',
      change: async ({ registry }: MemoryWorld, id: string) => {
        await registry.settle({ deploymentId: id, reason: 'stopped before', degraded: false });
      },
    },
  ])('$what', async ({ change }) => {
    const { world, held, end } = await ended('CheckHealth');
    await change(world, held.deploymentId);
    const before = await world.recordOf(held);

    await settleIn(world)(end);

    expect(await world.recordOf(held)).toEqual(before);
  });

  it('of an upload that was never admitted', async () => {
    const world = memoryWorld();
    const event = world.upload();

    await settleIn(world)({ event, execution: 'execution-1', ...STOPPED });

    expect(await world.told()).toEqual([]);
  });

  it('of an event without a version whose object is gone', async () => {
    const { world, held, end } = await ended('CheckHealth');
    const { bucket, object } = end.event.detail;
    world.store.remove(object.key);

    await settleIn(world)({ ...end, event: { detail: { bucket, object: { key: object.key } } } });

    expect((await world.recordOf(held)).endedAtMs).toBeNull();
  });
});
