import type { SlipwayEvent } from '#domain/event.ts';
import { Failure } from '#domain/failure.ts';
import { publishEvents } from '#steps/publish-events.ts';
import { memoryWorld } from '../support/memory-world.ts';

/** A bus that keeps what it was given, and is away for the calls whose numbers are named. */
function memoryBus(...away: readonly number[]) {
  const batches: (readonly SlipwayEvent[])[] = [];
  let calls = 0;
  const publish = async (events: readonly SlipwayEvent[]) => {
    calls += 1;
    batches.push(events);
    if (away.includes(calls)) throw new Failure('PlatformUnavailable', 'the bus is away');
  };
  const ids = () => batches.flat().map(({ detail }) => detail.eventId);
  return { publish, batches, ids };
}

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
