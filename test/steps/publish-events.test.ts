import { publishEvents } from '#steps/publish-events.ts';
import { memoryBus } from '../support/memory/bus.ts';
import { memoryWorld } from '../support/worlds/memory.ts';

describe('publishing', () => {
  it('hands out every event once, oldest first, in small batches', async () => {
    const world = memoryWorld();
    for (let uploads = 0; uploads < 3; uploads += 1) await world.deploy();
    const bus = memoryBus();
    const publish = publishEvents({ registry: world.registry, bus });

    await publish();
    await publish();

    const told = await world.told();
    expect(bus.ids()).toEqual(told.map(({ eventId }) => eventId));
    expect(bus.batches.map((batch) => batch.length)).toEqual([10, 10, told.length - 20]);
  });

  it('sends again what the bus may not have got', async () => {
    const world = memoryWorld();
    for (let uploads = 0; uploads < 2; uploads += 1) await world.deploy();
    const bus = memoryBus(2);
    const publish = publishEvents({ registry: world.registry, bus });

    await expect(publish()).rejects.toMatchObject({ name: 'PlatformUnavailable' });
    await publish();

    const told = (await world.told()).map(({ eventId }) => eventId);
    expect(bus.ids()).toEqual([...told, ...told.slice(10)]);
  });
});
