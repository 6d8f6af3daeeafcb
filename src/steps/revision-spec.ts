import { servedBy } from '#domain/build/image.ts';
import { serverPlace } from '#domain/build/runtime.ts';
import type { Deployment } from '#domain/deployment.ts';
import { acceleratorOf } from '#domain/manifest/manifest.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import { requireVersion, requireWork } from './require-deployment.ts';

/** The spec of a revision: what was found about the artifact, in the name of the deployment that first made the revision. */
export function revisionSpec(
  deployment: Deployment,
  { revision, madeBy }: { readonly revision: string; readonly madeBy: string },
): RevisionSpec {
  const { model, artifact, work } = deployment;
  const { facts, manifest } = requireWork(work.inspection, 'inspection');
  const plan = requireWork(work.plan, 'plan');
  const { runtime, modelFile } = servedBy({ ...plan, modelFile: facts.modelFile }, work.image);
  const { memoryMiB, cpuUnits, instanceTypes } = requireWork(work.decision, 'target');
  return {
    revision,
    model,
    version: requireVersion(deployment),
    team: manifest.team ?? null,
    deploymentId: madeBy,
    runtime,
    server: serverPlace(runtime, manifest.runtime),
    environmentHash: plan.environmentHash,
    artifact,
    image: work.image ?? null,
    modelFile,
    memoryMiB,
    cpuUnits,
    requestSlots: facts.language?.requestsAtOnce ?? null,
    instanceTypes,
    accelerator: acceleratorOf(manifest),
    allowCpu: manifest.placement.allowCpu,
    scaling: manifest.scaling,
    startupTimeoutSeconds: manifest.server.startupTimeoutSeconds,
    extraColumns: manifest.server.extraColumns,
  };
}
