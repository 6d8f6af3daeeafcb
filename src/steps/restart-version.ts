import { Failure } from '#domain/failure.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Platforms } from '#ports/platform.ts';
import { capturePlan } from './capture-plan.ts';
import { type ProvisionDeps, recordCandidate } from './provision.ts';
import { requireDeployment, requireVersion, requireWork } from './require-deployment.ts';
import { revisionSpec } from './revision-spec.ts';

/** Restarts a kept version with what its first deployment found and decided; it becomes the candidate. */
export const restartVersion =
  ({
    registry,
    platforms,
    clock,
    captureKeys,
    provisioningSeconds,
  }: ProvisionDeps & { readonly platforms: Platforms }) =>
  async ({
    deploymentId,
    epoch,
  }: StepInput<'RestartVersion'>): Promise<StepOutput<'RestartVersion'>> => {
    const holder = { deploymentId, epoch };
    const deployment = await requireDeployment(registry, deploymentId);
    const { model, work } = deployment;
    if (work.shift) return {};
    const { target } = requireWork(work.decision, 'target');
    const wanted = requireVersion(deployment);
    const kept = (await registry.versions(model)).find(({ version }) => version === wanted);
    if (!kept || kept.state === 'Removed') {
      throw new Failure('RevisionFailed', `${model} version ${wanted} is gone`, {
        fix: `See \`slipway versions ${model}\` for those that can start again, or upload the model again.`,
      });
    }
    const { revision, deploymentId: madeBy } = kept;
    const capture = await capturePlan(captureKeys, deployment, revision);
    const spec = revisionSpec(deployment, { capture, revision, madeBy });

    await registry.recordIntent(holder, { kind: 'restart', name: revision, target });
    await recordCandidate({ registry, clock }, holder, deployment, {
      target,
      spec,
      provisioningSeconds: provisioningSeconds[target],
    });
    await platforms[target].create(spec, epoch);
    return {};
  };
