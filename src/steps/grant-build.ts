import { pageOf } from '#domain/artifact/format.ts';
import { USUAL_MACHINE } from '#domain/build/build-machine.ts';
import { environmentImages, environmentTags } from '#domain/build/environment-image.ts';
import type { BuildOrder } from '#domain/build/order.ts';
import { isFromDockerfile } from '#domain/build/own-image.ts';
import { type RuntimeName, serverPlace, startupSeconds } from '#domain/build/runtime.ts';
import type { BuildPlan, Deployment, Inspection } from '#domain/deployment.ts';
import { sha256Hex } from '#domain/hash.ts';
import { declaredOf } from '#domain/manifest/declared.ts';
import { type Gpus, gpuFor, keptBecause, runtimeOn } from '#domain/placement/gpu-need.ts';
import { exampleOf } from '#domain/rollout/golden-request.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { ArtifactStore } from '#ports/artifact-store.ts';
import type { Registry } from '#ports/registry.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';

type Hashes = Readonly<Record<RuntimeName, string>>;

type Deps = {
  readonly registry: Registry;
  readonly artifacts: ArtifactStore;
  readonly hashes: Hashes;
  /** As PlanBuild has it: only an image is made of images of environments. */
  readonly engine: 'image' | 'process';
  readonly gpus: Gpus;
};

/**
 * Lets the build of an image read the artifact and its build order. Where Dockerfiles are built apart, a second URL lets that build read the same, and says where it leaves its image for the first.
 * A repeated run grants the reads anew, since earlier grants expire. Each token belongs to one grant, so each grant starts one build.
 */
export const grantBuild =
  ({ registry, artifacts, hashes, engine, gpus }: Deps) =>
  async ({ deploymentId }: StepInput<'GrantBuild'>): Promise<StepOutput<'GrantBuild'>> => {
    const deployment = await requireDeployment(registry, deploymentId);
    const inspection = requireWork(deployment.work.inspection, 'inspection');
    const plan = requireWork(deployment.work.plan, 'plan');
    const imageTag = requireWork(plan.imageTag ?? undefined, 'image to build');
    const { runtime, python, environmentHash } = plan;
    const about = modelOrder(inspection, gpus);
    const wanted = engine === 'image' ? wantedEnvironments(plan, about, hashes) : [];
    const order: BuildOrder = {
      runtime,
      environmentHash,
      python,
      ...about,
      environments: environmentTags(wanted),
      previousImage: engine === 'image' ? await liveImage(registry, deployment) : null,
    };
    const computeType = plan.machine ?? USUAL_MACHINE;
    return { imageTag, computeType, ...(await granted(artifacts, deployment, order)) };
  };

/** A Dockerfile takes two builds where there is a place between them. */
async function granted(artifacts: ArtifactStore, deployment: Deployment, order: BuildOrder) {
  const grant = async (more: Pick<BuildOrder, 'leavesImageAt' | 'takesImageFrom'>) => {
    const ordered = { ...order, ...more };
    const url = await artifacts.grant(deployment.id, filesOf(deployment), ordered);
    return { url, token: await sha256Hex(url) };
  };
  const isOwn = isFromDockerfile(order.runtime, order.wishes.image);
  const place = isOwn ? artifacts.imagePlace(deployment.id) : null;
  const own = place === null ? undefined : await grant({ leavesImageAt: place });
  const { url, token } = await grant(place === null ? {} : { takesImageFrom: place });
  return {
    kind: own ? ('dockerfile' as const) : ('image' as const),
    ownImageUrl: own?.url ?? '',
    ownImageToken: own?.token ?? '',
    artifactUrl: url,
    token,
  };
}

/** The images of environments that the image of a model may be made of. */
export function wantedEnvironments(
  plan: BuildPlan,
  { keptBecause }: Pick<BuildOrder, 'keptBecause'>,
  hashes: Hashes,
) {
  return environmentImages({ plan, converts: keptBecause === null, hashes });
}

async function liveImage(registry: Registry, { model }: Deployment): Promise<string | null> {
  const live = (await registry.model(model))?.live;
  if (!live) return null;
  return (await requireDeployment(registry, live.deploymentId)).work.image?.tag ?? null;
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

/** A build gets this about a model, whatever serves it; this and the bytes determine the image. */
export function modelOrder(inspection: Inspection, gpus: Gpus): ModelOrder {
  const { facts, manifest } = inspection;
  const gpu = gpuFor(inspection, gpus.areChosen);
  const runtime = runtimeOn(facts, gpu);
  const { brings, listens, imports = [] } = pageOf(facts.format);
  return {
    facts: {
      ...facts,
      example: exampleOf(declaredOf({ facts, manifest }, {}))?.request ?? null,
      brings,
      ...(listens && { listens }),
      allowed: manifest.model.allowPickle,
      network: manifest.runtime.network,
      needsGpu: gpu !== null,
    },
    wishes: manifest.runtime,
    keptBecause: keptBecause(inspection, gpu) ?? null,
    imports,
    server: serverPlace(runtime, manifest.runtime),
    startupSeconds: startupSeconds(runtime, manifest),
  };
}

type ModelOrder = Pick<
  BuildOrder,
  'facts' | 'wishes' | 'keptBecause' | 'imports' | 'server' | 'startupSeconds'
>;
