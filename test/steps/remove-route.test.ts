import { acquireLease } from '#steps/acquire-lease.ts';
import { removeRoute } from '#steps/remove-route.ts';
import { MODEL, memoryWorld } from '../support/worlds/memory.ts';

const PENDING = { kind: 'pending', reason: 'clients still get it' } as const;

/** A live model that is about to lose its route. */
async function leaving(options: Parameters<typeof memoryWorld>[0] = {}) {
  const world = memoryWorld(options);
  await world.deploy();
  const held = await world.before('RemoveRoute', world.undeploy());
  const remove = (attempt = 0) => removeRoute(world.deps)({ ...held, attempt });
  return { world, held, remove };
}

describe('taking the route away', () => {
  it('leaves the model without traffic and without a live version', async () => {
    const { world, held, remove } = await leaving();

    const answer = await remove(2);

    expect(answer).toEqual({ kind: 'removed', retrySeconds: 0, drainSeconds: 0, attempt: 3 });
    expect(await world.router.shares(MODEL)).toEqual({});
    expect((await world.registry.model(MODEL))?.live).toBeNull();
    expect((await world.recordOf(held)).phase).toBe('Undeploying');
    expect((await world.told()).at(-1)?.state).toBe('Undeploying');
    expect(world.existing()).toEqual(['digits-v1']);
  });

  it('looks again while clients still get it, the later the longer it takes', async () => {
    const { world, remove } = await leaving({ spreadMs: 100_000 });

    const early = await remove();
    world.clock.advance(50_000);
    const late = await remove(1);

    expect(early).toEqual({ kind: 'pending', retrySeconds: 1, drainSeconds: 0, attempt: 1 });
    expect(late).toEqual({ kind: 'pending', retrySeconds: 5, drainSeconds: 0, attempt: 2 });
    // A model that is being taken away must not be repaired any more.
    expect((await world.registry.model(MODEL))?.live).toBeNull();
  });

  it('asks for a drain while requests are in flight', async () => {
    const { world, remove } = await leaving();
    world.lambda.setInFlight('digits-v1', 1);

    expect(await remove()).toMatchObject({ kind: 'removed', drainSeconds: 1 });
    // The answer was lost: requests are still in flight.
    expect(await remove()).toMatchObject({ kind: 'removed', drainSeconds: 1 });
  });

  it('gives up after five minutes, and says so', async () => {
    const { world, held } = await leaving();
    const router = { ...world.router, verify: async () => PENDING };
    const remove = (attempt = 0) => removeRoute({ ...world.deps, router })({ ...held, attempt });
    await remove();

    world.clock.advance(299_999);
    const early = await remove(1);
    world.clock.advance(1);
    const late = await remove(2);

    expect([early.kind, late.kind]).toEqual(['pending', 'expired']);
    expect((await world.recordOf(held)).trouble).toMatchObject({
      name: 'TrafficUnverified',
      reason: 'the route of digits was not removed within 300 s',
    });
    expect(world.existing()).toEqual(['digits-v1']);
  });

  it('has its five minutes anew when another execution takes it up', async () => {
    const { world, held, remove } = await leaving();
    await remove();
    const execution = 'execution-3';
    await world.registry.adopt(held.deploymentId, 'execution-2', execution);
    world.clock.advance(900_000);
    const router = { ...world.router, verify: async () => PENDING };

    const { epoch } = await acquireLease(world.deps)({ ...held, execution, attempt: 0 });
    const removed = await removeRoute({ ...world.deps, router })({ ...held, epoch, attempt: 0 });

    expect(removed.kind).toBe('pending');
  });

  it('is done once, also for a model that never was live', async () => {
    const world = memoryWorld();
    const begun = await world.before('InspectArtifact');
    await world.registry.settle({ ...begun, reason: '', degraded: false });
    const held = await world.before('RemoveRoute', world.undeploy());
    const remove = () => removeRoute(world.deps)({ ...held, attempt: 0 });
    const first = await remove();
    const told = await world.told();

    expect(await remove()).toEqual(first);
    expect(await world.told()).toEqual(told);
  });
});
