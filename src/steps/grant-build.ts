import { isFolderFormat, SERVED } from '#domain/artifact/format.ts';
import {
  environmentImages,
  environmentTags,
  requiredTags,
} from '#domain/build/environment-image.ts';
import { type RuntimeName, serverPlace } from '#domain/build/runtime.ts';
import type { BuildPlan, Deployment, Inspection } from '#domain/deployment.ts';
import { sha256Hex } from '#domain/hash.ts';
import { declaredOf } from '#domain/manifest/declared.ts';
import { acceleratorOf } from '#domain/manifest/manifest.ts';
import { exampleOf } from '#domain/rollout/golden-request.ts';
import type { StepOutput } from '#domain/workflow.ts';
import type { ArtifactStore } from '#ports/artifact-store.ts';
import type { EnvironmentImages } from '#ports/environment-images.ts';
import { requireWork } from './require-deployment.ts';

type Deps = {
  readonly artifacts: ArtifactStore;
  readonly environments: EnvironmentImages | null;
  readonly hashes: Readonly<Record<RuntimeName, string>>;
};

type ImagePlan = BuildPlan & { readonly imageTag: string };

/**
 * Lets the build of an image read the artifact and its build order. When one of its environments is missing, a second URL, which leads to no file, lets that be built first.
 * A repeated run grants the reads anew, since earlier grants expire. Each token belongs to one grant, so each grant starts one build.
 */
export async function grantBuild(
  { artifacts, environments, hashes }: Deps,
  deployment: Deployment,
  plan: ImagePlan,
): Promise<StepOutput<'PlanBuild'>> {
  const { id, work } = deployment;
  const inspection = requireWork(work.inspection, 'inspection');
  const { runtime, python } = plan;
  const served = servedAs(inspection);
  const { converts } = served;
  const wanted = environments ? environmentImages({ plan, converts, hashes }) : [];
  const missing = (await environments?.missing(requiredTags(wanted))) ?? [];
  const artifactUrl = await artifacts.grant(id, filesOf(deployment), {
    runtime,
    environmentHash: plan.environmentHash,
    python,
    ...served,
    environments: environmentTags(wanted),
  });
  const image = { imageTag: plan.imageTag, artifactUrl, token: await sha256Hex(artifactUrl) };
  if (missing.length === 0) {
    return { kind: 'needed', ...image, environmentUrl: '', environmentToken: '' };
  }
  const environmentUrl = await artifacts.grant(`${id}-environment`, [], { environments: wanted });
  const environmentToken = await sha256Hex(environmentUrl);
  return { kind: 'environment', ...image, environmentUrl, environmentToken };
}

function filesOf({ artifact: { bucket, parts } }: Deployment) {
  return parts.map(({ name, key, versionId, sizeBytes }) => ({
    name,
    bucket,
    key,
    versionId,
    sizeBytes,
  }));
}

/** What a build is told about a model, whatever serves it; this and the bytes determine the image. */
export function servedAs({ facts, manifest }: Inspection) {
  const { runtime } = SERVED[facts.format];
  const { format, unpacking, modelFile, entrypoint, signature, takesColumns } = facts;
  return {
    format,
    unpacking,
    modelFile,
    entrypoint,
    signature,
    takesColumns,
    data: facts.data ?? null,
    allowed: manifest.model.allowPickle,
    wishes: manifest.runtime,
    // What is a folder brings code, which is nothing to convert; a language model is more than one pass through a graph.
    converts:
      manifest.runtime.optimize === 'auto' && !isFolderFormat(facts.format) && !facts.language,
    ...(facts.language && { language: facts.language }),
    server: serverPlace(runtime, manifest.runtime),
    startupSeconds: manifest.server.startupTimeoutSeconds,
    needsGpu: acceleratorOf(manifest) !== null,
    example: exampleOf(declaredOf({ facts, manifest }, {}))?.request ?? null,
  };
}
