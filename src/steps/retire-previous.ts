import { bringsVersion, type ModelVersion } from '#domain/deployment.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Platforms } from '#ports/platform.ts';
import type { Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly router: Router;
  readonly platforms: Platforms;
};

export const retirePrevious =
  ({ registry, router, platforms }: Deps) =>
  async ({
    deploymentId,
    epoch,
  }: StepInput<'RetirePrevious'>): Promise<StepOutput<'RetirePrevious'>> => {
    const holder = { deploymentId, epoch };
    const { kind, model, work } = await requireDeployment(registry, deploymentId);
    const { keepVersions } = requireWork(work.inspection, 'inspection').manifest.rollout;
    const shares = await router.shares(model);
    // Clears what the router still keeps of the previous side, which would block the removal of its revisions.
    if (Object.keys(shares).length > 0) await router.setShares(model, shares, shares, epoch);
    const live = (await registry.model(model))?.live?.version;
    const before = (await registry.versions(model))
      .filter(
        ({ version, revision, state }) =>
          version !== live && state !== 'Removed' && !Object.hasOwn(shares, revision),
      )
      .toSorted(lastLiveFirst);
    // A rollback has an old version's manifest, which does not say how many newer versions to keep.
    const kept = bringsVersion(kind) ? keepVersions : before.length;
    for (const { version, revision, target } of before.slice(0, kept)) {
      await platforms[target].retire(revision, epoch);
      await registry.markVersion(holder, version, 'Retired');
    }
    for (const { version, revision, target } of before.slice(kept)) {
      await platforms[target].remove(revision, epoch);
      await registry.markVersion(holder, version, 'Removed');
    }
    return {};
  };

function lastLiveFirst(a: ModelVersion, b: ModelVersion): number {
  return b.liveAtMs - a.liveAtMs || b.version - a.version;
}
