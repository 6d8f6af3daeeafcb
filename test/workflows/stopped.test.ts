import { complaints, endings } from '../support/complaints.ts';
import { NEVER } from '../support/faults.ts';
import { idOf, MODEL } from '../support/memory-world.ts';
import { type VirtualWorkflow, virtualWorkflow } from '../support/virtual-workflow.ts';

const V1 = { 'digits-v1': 100 };
const V2 = { 'digits-v2': 100 };

describe('a stopped execution', () => {
  const before = ['AcquireLease', 'InspectArtifact', 'ProvisionLambda', 'CheckHealth'] as const;
  const moved = ['VerifyTraffic', 'JudgeBake', 'CommitDeployment'] as const;

  it.each([
    ...before.map((state) => ({ state, degraded: false, traffic: V1 })),
    ...moved.map((state) => ({ state, degraded: true, traffic: V2 })),
  ])(
    'in $state is settled as Failed, degraded: $degraded',
    async ({ state, degraded, traffic }) => {
      const world = virtualWorkflow();
      await world.deploy();
      stopIn(world, state);

      await world.run(world.upload());

      expect((await world.told()).at(-1)).toMatchObject({
        state: 'Failed',
        reason: expect.stringContaining('States.Aborted'),
        data: { degraded },
      });
      expect(await world.router.shares(MODEL)).toEqual(traffic);
      expect(await world.registry.unended()).toEqual([]);
    },
  );

  it.each(['RetirePrevious', 'ReleaseLease'] as const)(
    'in %s is live and ended, with no further event',
    async (state) => {
      const world = virtualWorkflow();
      await world.deploy();
      stopIn(world, state);

      await world.run(world.upload());

      expect(await complaints(world)).toEqual([]);
      expect(endings(await world.told())).toEqual(['Live', 'Live']);
    },
  );

  it('leaves the model free for its next upload', async () => {
    const world = virtualWorkflow();
    await world.deploy();
    stopIn(world, 'JudgeBake');
    await world.run(world.upload());
    world.tap((_, call) => call());

    const event = world.upload();
    await world.run(event);

    expect(world.router.dataPlane(MODEL)).toEqual({ 'digits-v3': 100 });
    const told = await world.told(await idOf(event));
    expect(told.map(({ state }) => state)).not.toContain('Waiting');
  });
});

/** Stops the execution as soon as a step of this state calls a port. */
function stopIn(world: VirtualWorkflow, state: string): void {
  world.tap((_, call) => {
    if (world.states.at(-1) !== state) return call();
    world.stop();
    return NEVER;
  });
}
