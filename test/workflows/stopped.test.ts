import { complaints, endings } from '../support/worlds/complaints.ts';
import { idOf, MODEL } from '../support/worlds/memory.ts';
import { stopIn, stopNothing } from '../support/worlds/swept-workflow.ts';
import { virtualWorkflow } from '../support/worlds/virtual-workflow.ts';

const V1 = { 'digits-v1': 100 };
const V2 = { 'digits-v2': 100 };

/** An upgrade whose executions are stopped in a state, the first or all. */
async function stopped(state: string, which: 'the first' | 'all') {
  const world = virtualWorkflow();
  await world.deploy();
  stopIn(world, state);
  const end = await world.execute(world.upload());
  if (which === 'the first') stopNothing(world);
  await world.settle(end);
  stopNothing(world);
  return { world, end };
}

describe('a stopped execution', () => {
  it.each([
    ...['InspectArtifact', 'ProvisionLambda', 'CheckHealth', 'ShiftTraffic', 'VerifyTraffic'],
    ...['JudgeBake', 'CommitDeployment', 'RetirePrevious', 'ReleaseLease'],
  ])('in %s is followed by one that brings the deployment to its end', async (state) => {
    const { world, end } = await stopped(state, 'the first');

    expect(end.error).toBe('States.Aborted');
    expect(endings(await world.told())).toEqual(['Live', 'Live']);
    expect([...(await complaints(world)), ...world.outages]).toEqual([]);
  });
});

it('a step that never returns keeps no timer once its execution is stopped', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((it) => it === 'Timeout').length;
  const before = timers();

  await stopped('JudgeBake', 'the first');

  // Servers of other tests in this process may have ended meanwhile.
  expect(timers()).toBeLessThanOrEqual(before);
});

describe('a deployment whose execution is stopped three times in a row', () => {
  const before = ['AcquireLease', 'InspectArtifact', 'ProvisionLambda', 'CheckHealth'] as const;
  const moved = ['VerifyTraffic', 'JudgeBake', 'CommitDeployment'] as const;

  it.each([
    ...before.map((state) => ({ state, degraded: false, traffic: V1 })),
    ...moved.map((state) => ({ state, degraded: true, traffic: V2 })),
  ])('in $state ends as Failed, degraded: $degraded', async ({ state, degraded, traffic }) => {
    const { world } = await stopped(state, 'all');

    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Failed',
      reason: expect.stringContaining('States.Aborted'),
      data: { degraded },
    });
    expect(await world.router.shares(MODEL)).toEqual(traffic);
    expect(await world.registry.unended()).toEqual([]);
  });

  it.each(['RetirePrevious', 'ReleaseLease'] as const)(
    'in %s is live and ended, with no further event',
    async (state) => {
      const { world } = await stopped(state, 'all');

      expect(await complaints(world)).toEqual([]);
      expect(endings(await world.told())).toEqual(['Live', 'Live']);
    },
  );

  it('leaves the model free for its next upload', async () => {
    const { world } = await stopped('JudgeBake', 'all');

    const event = world.upload();
    await world.run(event);

    expect(world.router.dataPlane(MODEL)).toEqual({ 'digits-v3': 100 });
    const told = await world.told(await idOf(event));
    expect(told.map(({ state }) => state)).not.toContain('Waiting');
  });
});
