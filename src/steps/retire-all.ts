import type { ModelVersion } from '#domain/deployment.ts';
import { TARGETS } from '#domain/placement/target.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { CaptureKeys } from '#ports/capture-keys.ts';
import type { Platforms } from '#ports/platform.ts';
import type { Registry } from '#ports/registry.ts';
import { requireDeployment } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly platforms: Platforms;
  readonly captureKeys: CaptureKeys;
};

/** Removes every version and every other revision of the model, what its platforms keep for it, and the keys that open what was kept of its requests. Its history stays in the registry. */
export const retireAll =
  ({ registry, platforms, captureKeys }: Deps) =>
  async ({ deploymentId, epoch }: StepInput<'RetireAll'>): Promise<StepOutput<'RetireAll'>> => {
    const holder = { deploymentId, epoch };
    const { model } = await requireDeployment(registry, deploymentId);
    const versions = await registry.versions(model);
    for (const { version, revision, target, state } of versions) {
      if (state === 'Removed') continue;
      await platforms[target].remove(revision, epoch);
      await registry.markVersion(holder, version, 'Removed');
    }
    for (const target of TARGETS) {
      const platform = platforms[target];
      // Includes revisions without a version: abandoned candidates, and what their removal left behind.
      for (const found of await platform.revisions()) {
        if (found.model === model) await platform.remove(found.revision, epoch);
      }
      await platform.forget(model, epoch);
    }
    if (await keepsRequests(registry, versions)) await captureKeys.keepOnly(model, []);
    await registry.advance(holder, 'Undeployed', {}, {});
    return { kind: 'Undeployed', drainSeconds: 0 };
  };

/** Whether one of these versions was to keep requests. */
async function keepsRequests(
  registry: Registry,
  versions: readonly ModelVersion[],
): Promise<boolean> {
  for (const { deploymentId } of versions) {
    const deployment = await registry.deployment(deploymentId);
    if (deployment?.work.inspection?.manifest.capture) return true;
  }
  return false;
}
