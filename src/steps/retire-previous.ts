import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Platform } from '#ports/platform.ts';
import type { Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { requireDeployment } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly router: Router;
  readonly lambda: Platform;
};

/** How many versions before the live one stay startable. */
const KEPT_VERSIONS = 3;

export const retirePrevious =
  ({ registry, router, lambda }: Deps) =>
  async ({
    deploymentId,
    epoch,
  }: StepInput<'RetirePrevious'>): Promise<StepOutput<'RetirePrevious'>> => {
    const holder = { deploymentId, epoch };
    const { model } = await requireDeployment(registry, deploymentId);
    const shares = await router.shares(model);
    const live = (await registry.model(model))?.live?.version;
    const before = (await registry.versions(model)).filter(
      ({ version, revision, state }) =>
        version !== live && state !== 'Removed' && !Object.hasOwn(shares, revision),
    );
    for (const { version, revision } of before.slice(0, KEPT_VERSIONS)) {
      await lambda.retire(revision);
      await registry.markVersion(holder, version, 'Retired');
    }
    for (const { version, revision } of before.slice(KEPT_VERSIONS)) {
      await lambda.remove(revision);
      await registry.markVersion(holder, version, 'Removed');
    }
    return {};
  };
