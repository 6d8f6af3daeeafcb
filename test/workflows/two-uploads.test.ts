import type { ObjectCreated } from '#domain/workflow.ts';
import { complaints } from '../support/worlds/complaints.ts';
import { idOf, MODEL } from '../support/worlds/memory.ts';
import { type VirtualWorkflow, virtualWorkflow } from '../support/worlds/virtual-workflow.ts';

describe('two uploads at once', () => {
  it('both go live one after the other when the older has begun, the newer last', async () => {
    const world = virtualWorkflow();
    await world.deploy();
    const older = world.upload();
    const newer = world.upload();
    const asked = Promise.withResolvers<void>();
    let waiting: Promise<unknown> | undefined;
    world.tap(async (method, call) => {
      if (method === 'artifacts.open' && !waiting) {
        waiting = world.run(newer);
        await asked.promise;
      }
      return call().finally(() => waiting && method === 'registry.acquireLease' && asked.resolve());
    });

    await world.run(older);
    await waiting;

    expect(world.router.dataPlane(MODEL)).toEqual({ 'digits-v3': 100 });
    expect(await complaints(world)).toEqual([]);
    expect(await statesOf(world, newer)).toEqual(expect.arrayContaining(['Waiting', 'Live']));
  });

  it('leave the older superseded when it had not begun', async () => {
    const world = virtualWorkflow();
    await world.deploy();
    const older = world.upload();
    const newer = world.upload();
    let late: Promise<unknown> | undefined;
    world.tap((method, call) => {
      if (method === 'registry.acquireLease') late ??= world.run(older);
      return call();
    });

    await world.run(newer);
    await late;

    expect(await statesOf(world, older)).toEqual(['Superseded']);
    expect(await statesOf(world, newer)).toContain('Live');
    expect(await complaints(world)).toEqual([]);
  });

  it('let the newest win, in whatever order and however often their events come', async () => {
    const world = virtualWorkflow();
    await world.deploy();
    const events = [world.upload(), world.upload(), world.upload()];
    const [first, second, third] = events as [ObjectCreated, ObjectCreated, ObjectCreated];

    await Promise.all([second, first, third, second, first, third].map(world.run));

    const live = (await world.registry.model(MODEL))?.live?.deploymentId;
    expect(live).toBe(await idOf(third));
    expect(await complaints(world)).toEqual([]);
  });
});

async function statesOf(world: VirtualWorkflow, event: ObjectCreated) {
  return (await world.told(await idOf(event))).map(({ state }) => state);
}
