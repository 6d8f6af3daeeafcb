import type { Deployment } from '#domain/deployment.ts';
import { endings } from '../worlds/complaints.ts';
import { MODEL } from '../worlds/memory.ts';
import type { VirtualWorkflow } from '../worlds/virtual-workflow.ts';
import { isOwn } from './moment.ts';

/** The final state of a world, limited to values that must not depend on faults on the way. */
export type Digest = {
  readonly live: string | null;
  readonly told: object;
  readonly served: object;
  readonly existing: readonly string[];
  readonly running: readonly string[];
  readonly versions: readonly string[];
  readonly ends: readonly string[];
  /** The findings of the judges of answers, one for each deployment; undefined where no request of clients was judged. */
  readonly found: readonly (string | undefined)[];
};

export async function digestOf(world: VirtualWorkflow): Promise<Digest> {
  const { registry, router } = world;
  const versions = await registry.versions(MODEL);
  return {
    live: (await registry.model(MODEL))?.live?.revision ?? null,
    told: await router.shares(MODEL),
    served: router.dataPlane(MODEL),
    existing: world.existing().filter(isOwn).toSorted(),
    running: world.running().filter(isOwn).toSorted(),
    versions: versions.map(({ version, state }) => `${version} ${state}`),
    ends: endings(await world.told()),
    found: registry.held().deployments.map(({ deployment }) => foundIn(deployment)),
  };
}

// A record that comes late takes the place of the last look's, and not of the trouble.
function foundIn({ trouble, work }: Deployment): string | undefined {
  const reasons = [work.bake?.answers?.reason, trouble?.reason];
  return reasons.find((reason) => reason?.startsWith('what clients got'));
}
