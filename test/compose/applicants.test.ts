import { availableParallelism } from 'node:os';
import { applicantOf, inspectingFairly } from '#compose/applicants.ts';
import { readDefinitions } from '#compose/local-workflow.ts';
import { INSPECTION_BUDGET } from '#operations/inspection/bounded.ts';
import { memoryRegistry } from '../support/memory/registry.ts';
import { goneLive, holding, idOf, registryWorld, upload } from '../support/worlds/registry.ts';

describe('whose turn a deployment takes', () => {
  it('is that of a first version while its model has none that is live', async () => {
    const world = registryWorld(memoryRegistry);
    await holding(world, 1);

    expect(await applicantOf(world.registry, idOf(1))).toEqual({
      model: 'shapes',
      isUpgrade: false,
    });
  });

  it('is that of an upgrade once one is live', async () => {
    const world = registryWorld(memoryRegistry);
    await goneLive(world, 1);
    await world.registry.admit(upload(2));

    expect(await applicantOf(world.registry, idOf(2))).toEqual({
      model: 'shapes',
      isUpgrade: true,
    });
  });

  it('is its own where nobody knows it', async () => {
    const { registry } = registryWorld(memoryRegistry);

    expect(await applicantOf(registry, 'd9')).toEqual({ model: 'd9', isUpgrade: false });
  });
});

it('inspections that use their whole budget leave every other turn to the newest', async () => {
  const { registry } = registryWorld(memoryRegistry);
  const atOnce = Math.max(2, availableParallelism());
  const gates = new Map<string, () => void>();
  const begun: string[] = [];
  const inspect = inspectingFairly(registry, (payload) => {
    const { deploymentId } = payload as { deploymentId: string };
    const { promise, resolve } = Promise.withResolvers<void>();
    gates.set(deploymentId, resolve);
    begun.push(deploymentId);
    return promise;
  });
  const ask = (deploymentId: string) => inspect({ deploymentId, epoch: 1 });
  const settled = () => new Promise<void>((done) => setImmediate(done));

  const hostile = Array.from({ length: atOnce + 20 }, (_, index) => `hostile-${index}`);
  for (const id of hostile) void ask(id);
  await settled();
  const good = ask('good');
  await settled();
  expect(begun).toEqual(hostile.slice(0, atOnce));
  for (const id of hostile.slice(0, 2)) gates.get(id)?.();
  await settled();

  expect(begun).toHaveLength(atOnce + 2);
  expect(begun).toContain('good');
  gates.get('good')?.();
  await good;
});

it('an inspection waits for its turn longer than two hundred others need that use their whole budget', () => {
  const { InspectArtifact } = readDefinitions().deploy?.States ?? {};
  const { TimeoutSeconds } = InspectArtifact as unknown as { TimeoutSeconds: number };

  // Two at once, on the smallest machine.
  expect(TimeoutSeconds).toBeGreaterThan((200 * INSPECTION_BUDGET.cpuSeconds) / 2);
});
