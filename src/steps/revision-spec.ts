import { type BuiltImage, servedBy } from '#domain/build/image.ts';
import { serverPlace, startupSeconds } from '#domain/build/runtime.ts';
import type { CapturePlan } from '#domain/capture/plan.ts';
import type { Deployment } from '#domain/deployment.ts';
import { declaredOf } from '#domain/manifest/declared.ts';
import { ANY_GPU, acceleratorOf, type Manifest } from '#domain/manifest/manifest.ts';
import { completeScaling } from '#domain/manifest/scaling.ts';
import { shownExample } from '#domain/rollout/golden-request.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import { requireVersion, requireWork } from './require-deployment.ts';

/** The spec of a revision: what was found about the artifact, in the name of the deployment that first made the revision. */
export function revisionSpec(
  deployment: Deployment,
  {
    revision,
    madeBy,
    capture = null,
  }: {
    readonly revision: string;
    readonly madeBy: string;
    readonly capture?: CapturePlan | null;
  },
): RevisionSpec {
  const { model, artifact, work } = deployment;
  const inspection = requireWork(work.inspection, 'inspection');
  const { facts, manifest } = inspection;
  const example = shownExample(declaredOf(inspection, work));
  const plan = requireWork(work.plan, 'plan');
  const { runtime, modelFile } = servedBy({ ...plan, modelFile: facts.modelFile }, work.image);
  const decision = requireWork(work.decision, 'target');
  const { memoryMiB, cpuUnits, instanceTypes, isStreaming, accelerator, serving } = decision;
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
    // vLLM makes one batch of as many as come.
    requestSlots: serving ? null : (facts.language?.requestsAtOnce ?? null),
    ...(isStreaming && { isStreaming }),
    instanceTypes,
    // Decisions of before name no GPU.
    accelerator: accelerator ?? acceleratorOf(manifest),
    takesAnyGpu: plan.accelerator?.name === ANY_GPU,
    ...(serving && { gpuServing: serving }),
    allowCpu: manifest.placement.allowCpu,
    scaling: completeScaling(manifest.scaling, decision.scaling),
    startupTimeoutSeconds: startupSeconds(runtime, manifest),
    ...(decision.startSeconds !== undefined && { startSeconds: decision.startSeconds }),
    extraColumns: manifest.server.extraColumns,
    ...batchesOf(manifest, runtime, work.image),
    ...(example && { example }),
    ...(manifest.server.aliases && { aliases: manifest.server.aliases }),
    ...(facts.format === 'mlflow' && facts.formatVersion && { mlflowVersion: facts.formatVersion }),
    ...(capture && { capture }),
  };
}

function batchesOf(
  { server }: Manifest,
  runtime: RevisionSpec['runtime'],
  image: BuiltImage | undefined,
): Pick<RevisionSpec, 'batchRows'> {
  if (server.batching === 'off') return {};
  const proven = image?.proof?.batching;
  // No build loads a file that was uploaded as ONNX: its server finds out.
  if (!proven) return runtime === 'onnx' ? { batchRows: 'auto' } : {};
  return proven.rows > 1 ? { batchRows: proven.rows } : {};
}
