import { machineMeters } from '#operations/watch/machine-meters.ts';
import { memoryRegistry } from '../../support/memory/registry.ts';
import { temporaryFolder } from '../../support/slipway/running.ts';
import {
  holding,
  type RegistryWorld,
  registryWorld,
  upload,
} from '../../support/worlds/registry.ts';

const STORAGE = { objects: 3, objectBytes: 2_000, prunableBytes: 500 };

async function metersOf({ registry, clock }: RegistryWorld) {
  await using folder = await temporaryFolder();
  const families = await machineMeters({
    dataDir: folder.path,
    registry,
    clock,
    storage: async () => STORAGE,
    version: '1.2.3',
    engine: 'process',
  });
  return (name: string) => families.find((family) => family.name === name)?.values;
}

const queues = (deployments: number, events: number) => [
  { labels: { queue: 'deployments' }, value: deployments },
  { labels: { queue: 'events' }, value: events },
];

describe('the metrics of a machine', () => {
  it('say how long the oldest deployment has waited, and the oldest event, in seconds', async () => {
    const world = registryWorld(memoryRegistry);
    await world.registry.admit(upload(1, 'first'));
    world.clock.advance(30_000);
    await world.registry.admit(upload(2, 'second'));
    world.clock.advance(10_000);

    const valuesOf = await metersOf(world);

    expect(valuesOf('slipway_queue_age_seconds')).toEqual(queues(40, 40));
  });

  it('count no deployment as one that waits once it has begun', async () => {
    const world = registryWorld(memoryRegistry);
    const holder = await holding(world, 1);
    await world.registry.advance(holder, 'Inspected', {}, {});
    world.clock.advance(30_000);

    const [deployments] = (await metersOf(world))('slipway_queue_age_seconds') ?? [];

    expect(deployments?.value).toBe(0);
  });

  it('are 0 where nothing waits', async () => {
    const valuesOf = await metersOf(registryWorld(memoryRegistry));

    expect(valuesOf('slipway_queue_age_seconds')).toEqual(queues(0, 0));
  });

  it('have the disk, the objects and which Slipway it is', async () => {
    const valuesOf = await metersOf(registryWorld(memoryRegistry));

    const [free] = valuesOf('slipway_disk_free_bytes') ?? [];
    const [size] = valuesOf('slipway_disk_size_bytes') ?? [];
    expect(free?.value).toBeGreaterThan(0);
    expect(size?.value).toBeGreaterThanOrEqual(free?.value ?? Number.NaN);
    expect(valuesOf('slipway_objects')).toEqual([{ labels: {}, value: 3 }]);
    expect(valuesOf('slipway_object_bytes')).toEqual([{ labels: {}, value: 2_000 }]);
    expect(valuesOf('slipway_prunable_bytes')).toEqual([{ labels: {}, value: 500 }]);
    const labels = { version: '1.2.3', node: process.versions.node, engine: 'process' };
    expect(valuesOf('slipway_build_info')).toEqual([{ labels, value: 1 }]);
  });
});
