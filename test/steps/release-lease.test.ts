import { releaseLease } from '#steps/release-lease.ts';
import { memoryWorld } from '../support/worlds/memory.ts';

describe('releasing the lease', () => {
  it('ends the deployment and lets the next one begin', async () => {
    const world = memoryWorld();
    const held = await world.before('ReleaseLease');

    await releaseLease(world.deps)(held);

    expect((await world.recordOf(held)).endedAtMs).toBe(world.clock.now());
    const next = await world.before('InspectArtifact');
    expect((await world.told(next.deploymentId)).map(({ state }) => state)).toEqual(['Admitted']);
  });

  it('is success when it was released already, and leaves the next holder its own', async () => {
    const world = memoryWorld();
    const held = await world.before('ReleaseLease');
    await releaseLease(world.deps)(held);
    const next = await world.before('InspectArtifact');

    await releaseLease(world.deps)(held);

    await expect(world.registry.recordWork(next, {})).resolves.toMatchObject({ endedAtMs: null });
  });
});
