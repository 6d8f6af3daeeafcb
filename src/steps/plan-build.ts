import type { BuildPlan, Deployment } from '#domain/deployment.ts';
import { sha256Hex } from '#domain/hash.ts';
import { type BuiltImage, imageTag } from '#domain/image.ts';
import { TARGETS } from '#domain/target.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { ArtifactStore } from '#ports/artifact-store.ts';
import type { Registry } from '#ports/registry.ts';
import { requireDeployment } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly artifacts: ArtifactStore;
  /** Names the installed runtime: its files, its packages, the machine's architecture. */
  readonly environmentHash: string;
  /** `image`: the artifact is built into an image. `process`: the runtime comes with Slipway and reads the artifact from the store, so nothing is built. */
  readonly engine: 'image' | 'process';
};

type Output = StepOutput<'PlanBuild'>;

const BUILT: Output = { kind: 'built', imageTag: '', artifactUrl: '', token: '' };

export const planBuild =
  (deps: Deps) =>
  async ({ deploymentId, epoch }: StepInput<'PlanBuild'>): Promise<Output> => {
    const { registry, artifacts } = deps;
    const holder = { deploymentId, epoch };
    const deployment = await requireDeployment(registry, deploymentId);
    const { model, work } = deployment;
    const plan = work.plan ?? (await decide(deps, deployment));
    const image = work.image ?? (await builtBefore(registry, model, plan.imageTag));
    if (plan.imageTag === null || image) {
      if (!work.plan) await registry.recordWork(holder, image ? { plan, image } : { plan });
      return BUILT;
    }
    const data = { image: plan.imageTag };
    await registry.advance(holder, 'Building', { plan }, { data });
    return needed(artifacts, deployment, plan.imageTag);
  };

async function decide(
  { environmentHash, engine }: Deps,
  { model, artifact }: Deployment,
): Promise<BuildPlan> {
  return {
    runtime: 'onnx',
    environmentHash,
    imageTag: engine === 'image' ? await imageTag(model, environmentHash, artifact) : null,
    accelerator: 'none',
    feasible: TARGETS,
  };
}

/** The image of a version of this model that was built of the same bytes and is still kept. */
async function builtBefore(
  registry: Registry,
  model: string,
  tag: string | null,
): Promise<BuiltImage | undefined> {
  if (tag === null) return undefined;
  for (const { deploymentId, state } of await registry.versions(model)) {
    if (state === 'Removed') continue;
    const { image } = (await requireDeployment(registry, deploymentId)).work;
    if (image?.tag === tag) return image;
  }
  return undefined;
}

/** A repeated run grants the reads anew, as those granted before run out; the token is of the grant, so a build is started once for each. */
async function needed(
  artifacts: ArtifactStore,
  { id, artifact }: Deployment,
  tag: string,
): Promise<Output> {
  const { bucket, parts } = artifact;
  const artifactUrl = await artifacts.grant(
    id,
    parts.map(({ name, key, versionId, sizeBytes }) => ({
      ...{ name, bucket, key, versionId, sizeBytes },
    })),
  );
  return { kind: 'needed', imageTag: tag, artifactUrl, token: await sha256Hex(artifactUrl) };
}
