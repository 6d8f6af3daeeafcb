import type { Deployment, ModelVersion, Shares } from '#domain/deployment.ts';
import type { Lease } from '#domain/registry/write.ts';
import { type MemoryWorld, MODEL } from '../worlds/memory.ts';

/** The whole of a world between two changes of it. */
export type Moment = {
  readonly atMs: number;
  /** The call that led to it. */
  readonly after: string;
  /** The shares that clients get, and those that the router was given. */
  readonly served: Shares;
  readonly told: Shares;
  /** The revisions that would answer, and all that there are. */
  readonly serving: readonly string[];
  readonly existing: readonly string[];
  readonly live: ModelVersion | null;
  readonly lease: Lease | undefined;
  /** The deployments of the model, in the order of their admission. */
  readonly deployments: readonly Deployment[];
  readonly versions: readonly ModelVersion[];
  readonly events: number;
};

export async function momentOf(
  { registry, router, platforms, clock, existing }: MemoryWorld,
  after: string,
): Promise<Moment> {
  const serving = Object.values(platforms).flatMap((platform) => platform.ready().filter(isOwn));
  const held = registry.held();
  const model = held.models.find((it) => it.model.name === MODEL);
  return {
    atMs: clock.now(),
    after,
    serving,
    existing: existing().filter(isOwn),
    served: router.dataPlane(MODEL),
    told: await router.shares(MODEL),
    live: model?.model.live ?? null,
    lease: model?.lease,
    deployments: held.deployments.map(({ deployment }) => deployment),
    versions: held.versions,
    events: held.events,
  };
}

/** Others have revisions on the same platforms. */
export const isOwn = (revision: string) => revision.startsWith(`${MODEL}-v`);
