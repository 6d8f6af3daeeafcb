import type { Deployment } from '#domain/deployment.ts';
import { acceleratorOf } from '#domain/manifest/manifest.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import { requireVersion, requireWork } from './require-deployment.ts';

/** What a platform is asked for: all that was found of the artifact, as the deployment that first made the revision was. */
export function revisionSpec(
  deployment: Deployment,
  { revision, madeBy }: { readonly revision: string; readonly madeBy: string },
): RevisionSpec {
  const { model, artifact, work } = deployment;
  const { facts, manifest } = requireWork(work.inspection, 'inspection');
  const plan = requireWork(work.plan, 'plan');
  const proof = work.image?.proof;
  const { memoryMiB, cpuUnits, instanceTypes } = requireWork(work.decision, 'target');
  return {
    revision,
    model,
    version: requireVersion(deployment),
    deploymentId: madeBy,
    runtime: proof?.runtime ?? plan.runtime,
    environmentHash: plan.environmentHash,
    artifact,
    image: work.image ?? null,
    modelFile: proof?.modelFile ?? facts.modelFile,
    memoryMiB,
    cpuUnits,
    instanceTypes,
    accelerator: acceleratorOf(manifest),
    allowCpu: manifest.placement.allowCpu,
    scaling: manifest.scaling,
    startupTimeoutSeconds: manifest.server.startupTimeoutSeconds,
    extraColumns: manifest.server.extraColumns,
  };
}
