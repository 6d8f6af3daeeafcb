import type { Accelerator } from '#domain/manifest/manifest.ts';
import type { Held } from '#domain/workflow.ts';
import type { MemoryWorld } from './memory.ts';

/** Gives the deployment a GPU, as in the plan of a model that computes on one: the models of these worlds do not. */
export async function planGpu(
  world: MemoryWorld,
  held: Held,
  accelerator: Accelerator,
): Promise<void> {
  const { inspection, plan } = (await world.recordOf(held)).work;
  if (!inspection || !plan) throw new Error('the deployment has no plan yet');
  const { manifest } = inspection;
  const asked = `${accelerator.name}:${accelerator.count}`;
  const resources = { ...manifest.resources, accelerator: asked };
  await world.registry.recordWork(held, {
    inspection: { ...inspection, manifest: { ...manifest, resources } },
    plan: { ...plan, accelerator },
  });
}
