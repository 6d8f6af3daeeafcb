import type { Slipway } from '#control/slipway.ts';
import { type Artifact, isSameArtifact } from '#domain/deployment.ts';
import { failureName } from '#domain/failure.ts';
import { isOver } from '#domain/phase.ts';

type Asked = Pick<Slipway, 'readModel' | 'readDeployment'>;
type Content = Pick<Artifact, 'parts' | 'manifest'>;

/** A version of a model that can serve, and whether it is the live one. */
export type SameVersion = { readonly version: number; readonly isLive: boolean };

/**
 * The newest version of a model that was made of these files, and can be live without a build; undefined where there is none.
 * While a deployment of the model is under way nothing is the same: only a new upload comes after it.
 */
export async function sameVersion(
  slipway: Asked,
  model: string,
  content: Content,
): Promise<SameVersion | undefined> {
  const status = await statusOf(slipway, model);
  if (!status || (status.newest && !isOver(status.newest.phase))) return undefined;
  const { live, versions } = status;
  const kept = versions.filter(({ state, damage }) => state !== 'Removed' && !damage);
  for (const { version, deploymentId } of kept) {
    if (!(await isMadeOf(slipway, deploymentId, content))) continue;
    return { version, isLive: version === live?.version };
  }
  return undefined;
}

/** The newest version that was ever made of these files, for its name; undefined where there is none. */
export async function everSameVersion(
  slipway: Asked,
  model: string,
  content: Content,
): Promise<number | undefined> {
  for (const { version, deploymentId } of (await statusOf(slipway, model))?.versions ?? []) {
    if (await isMadeOf(slipway, deploymentId, content)) return version;
  }
  return undefined;
}

async function statusOf(slipway: Asked, name: string) {
  try {
    return await slipway.readModel({ name, costs: false });
  } catch (error) {
    if (failureName(error) === 'InputInvalid') return undefined;
    throw error;
  }
}

async function isMadeOf(slipway: Asked, id: string, content: Content): Promise<boolean> {
  const { artifact } = await slipway.readDeployment({ id });
  return isSameArtifact(artifact, { ...artifact, ...content });
}
