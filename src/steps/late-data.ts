import { type Deployment, deploymentId } from '#domain/deployment.ts';
import type { ArtifactRef } from '#ports/artifact-store.ts';
import type { Registry } from '#ports/registry.ts';

type Reads = Pick<Registry, 'deployment' | 'model'>;

/**
 * The part that this version of external data plays for an ONNX model called `name`. Uploaded side by side, the larger of the two mostly comes last.
 * `part`: the model's deployment has it, or will, as it is yet to be admitted. `missing`: the deployment is under way or was rejected without it, or it has started one already. `other`: the model went live, or failed, without it.
 */
export async function lateData(
  registry: Reads,
  name: string,
  model: ArtifactRef,
  data: ArtifactRef,
): Promise<'part' | 'missing' | 'other'> {
  if (await deploymentOf(registry, data)) return 'missing';
  const deployment = await newestWith(registry, name, model);
  if (!deployment || has(deployment, data)) return 'part';
  return deployment.endedAtMs === null || deployment.phase === 'Rejected' ? 'missing' : 'other';
}

/** Data that came late has started a deployment of this version of the model too. */
async function newestWith(
  registry: Reads,
  name: string,
  model: ArtifactRef,
): Promise<Deployment | undefined> {
  const own = await deploymentOf(registry, model);
  const known = own && (await registry.model(name));
  const newest = known && (await registry.deployment(known.newestDeploymentId));
  return newest && has(newest, model) ? newest : own;
}

async function deploymentOf(
  registry: Reads,
  { bucket, key, versionId }: ArtifactRef,
): Promise<Deployment | undefined> {
  return registry.deployment(await deploymentId(bucket, key, versionId));
}

function has({ artifact }: Deployment, { key, versionId }: ArtifactRef): boolean {
  return artifact.parts.some((part) => part.key === key && part.versionId === versionId);
}
