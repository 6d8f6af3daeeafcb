import { commitDeployment } from '#steps/commit-deployment.ts';
import { answered } from '../support/memory-prober.ts';
import { MODEL, memoryWorld } from '../support/memory-world.ts';

describe('the commit', () => {
  it('makes the candidate the live version, and announces it', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('CommitDeployment');

    const answer = await commitDeployment(world.deps)(held);

    expect(answer).toEqual({ kind: 'Live', drainSeconds: 0 });
    expect((await world.registry.model(MODEL))?.live?.revision).toBe('digits-v2');
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Live',
      reason: '',
      data: { revision: 'digits-v2', previous: 'digits-v1', probes: 70 },
    });
  });

  it('is made once', async () => {
    const world = memoryWorld();
    const held = await world.before('CommitDeployment');
    const commit = commitDeployment(world.deps);
    const first = await commit(held);
    const told = await world.told();

    expect(await commit(held)).toEqual(first);
    expect(await world.told()).toEqual(told);
  });

  it('says what the proof could not show', async () => {
    const world = memoryWorld();
    world.behave('digits-v1', (asked) => answered(asked === 'ready' ? 200 : 400));
    const held = await world.before('CommitDeployment');

    await commitDeployment(world.deps)(held);

    expect((await world.told()).at(-1)?.reason).toContain('proven by readiness only');
  });

  it('asks for a drain while the previous version has requests in flight', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('CommitDeployment');
    world.lambda.setInFlight('digits-v1', 1);

    expect(await commitDeployment(world.deps)(held)).toEqual({ kind: 'Live', drainSeconds: 1 });
  });

  it('is refused when another version is live than the one that was shifted from', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('CommitDeployment');
    const { work } = await world.recordOf(held);
    await world.registry.recordWork(held, { shift: { ...work.shift!, previous: 'digits-v0' } });

    await expect(commitDeployment(world.deps)(held)).rejects.toMatchObject({
      name: 'PhaseConflict',
    });
  });
});
