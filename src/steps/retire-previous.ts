import { bringsVersion, type ModelVersion } from '#domain/deployment.ts';
import { DAY_MS } from '#domain/durations.ts';
import { MOST_DAYS } from '#domain/manifest/capture.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { CaptureKeys } from '#ports/capture-keys.ts';
import type { Clock } from '#ports/clock.ts';
import type { Platforms } from '#ports/platform.ts';
import type { Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly router: Router;
  readonly platforms: Platforms;
  readonly captureKeys: CaptureKeys;
  readonly clock: Clock;
};

/** Stops the versions before, removes those that are too many, and deletes the keys of kept requests that nobody may open any more. */
export const retirePrevious =
  ({ registry, router, platforms, captureKeys, clock }: Deps) =>
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
    const sinceMs = clock.now() - MOST_DAYS * DAY_MS;
    await captureKeys.keepOnly(model, openable(await registry.versions(model), sinceMs));
    return {};
  };

/** The revisions whose kept requests may still be opened: those that serve or can start again, and those that were live since then. Whoever never went live was never asked by a client. */
function openable(versions: readonly ModelVersion[], sinceMs: number): readonly string[] {
  return versions
    .filter(({ state, liveAtMs }) => {
      const next = versions.map((each) => each.liveAtMs).filter((ms) => ms > liveAtMs);
      // It was live until the next one was.
      return state !== 'Removed' || next.length === 0 || Math.min(...next) >= sinceMs;
    })
    .map(({ revision }) => revision);
}

function lastLiveFirst(a: ModelVersion, b: ModelVersion): number {
  return b.liveAtMs - a.liveAtMs || b.version - a.version;
}
