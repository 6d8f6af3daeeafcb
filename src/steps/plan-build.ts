import { buildMachine, requireDisk } from '#domain/build/build-machine.ts';
import { requiredTags } from '#domain/build/environment-image.ts';
import { type BuiltImage, imageTag } from '#domain/build/image.ts';
import { type OwnImages, requireOwnImage } from '#domain/build/own-image.ts';
import { pythonEnvironment } from '#domain/build/python-environment.ts';
import { RUNTIMES, type RuntimeName } from '#domain/build/runtime.ts';
import { requireCapture } from '#domain/capture/require-capture.ts';
import type { BuildPlan, Deployment } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { sha256Hex } from '#domain/hash.ts';
import { memoryMiB } from '#domain/manifest/manifest.ts';
import {
  type Gpus,
  gpuFor,
  requireBaseImage,
  requireGpu,
  runtimeOn,
} from '#domain/placement/gpu-need.ts';
import { WITHOUT_WALLS_FIX, withoutWalls } from '#domain/walls.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { ArtifactStore } from '#ports/artifact-store.ts';
import type { EnvironmentImages } from '#ports/environment-images.ts';
import type { Registry } from '#ports/registry.ts';
import { modelOrder, wantedEnvironments } from './grant-build.ts';
import { imagesOf, keptVersions } from './kept-versions.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly artifacts: ArtifactStore;
  /** A hash of each runtime as installed (its files, the machine's architecture), without the models' packages. */
  readonly hashes: Readonly<Record<RuntimeName, string>>;
  /** `image`: the artifact is built into an image. `process`: a runtime that comes with Slipway reads it from the store. */
  readonly engine: 'image' | 'process';
  /** Null where models run as processes, which need no images. */
  readonly environments: EnvironmentImages | null;
  readonly gpus: Gpus;
  readonly ownImages: OwnImages;
  /** The largest machine of CodeBuild that a build may have; null on one machine, which is the one there is. */
  readonly mostMachine: string | null;
  /** How many bytes the disk that builds on has free; null on AWS, whose machines are chosen for it. */
  readonly freeBytes: (() => Promise<number>) | null;
  /** Why this machine loads no model in Python, as a clause: it has no walls to put around that. Null where it does. */
  readonly unwalled: string | null;
};

type Output = StepOutput<'PlanBuild'>;

const NO_ENVIRONMENT = { environmentUrl: '', environmentToken: '' } as const;

export const planBuild =
  (deps: Deps) =>
  async ({ deploymentId, epoch }: StepInput<'PlanBuild'>): Promise<Output> => {
    const { registry } = deps;
    const holder = { deploymentId, epoch };
    const deployment = await requireDeployment(registry, deploymentId);
    const { model, work } = deployment;
    const plan = work.plan ?? (await decide(deps, deployment));
    const image = work.image ?? (await builtBefore(registry, model, plan.imageTag));
    if (plan.imageTag === null || image) {
      if (!work.plan) await registry.recordWork(holder, image ? { plan, image } : { plan });
      return { kind: 'built', ...NO_ENVIRONMENT };
    }
    const data = { image: plan.imageTag, ...(plan.machine && { machine: plan.machine }) };
    await registry.advance(holder, 'Building', { plan }, { data });
    return grantEnvironments(deps, deployment, plan);
  };

/** Where an environment of the image is missing, lets it be built first: by a URL that leads to no file of the artifact. */
async function grantEnvironments(
  { artifacts, environments, hashes, gpus }: Deps,
  { id, work }: Deployment,
  plan: BuildPlan,
): Promise<Output> {
  if (!environments) return { kind: 'needed', ...NO_ENVIRONMENT };
  const order = modelOrder(requireWork(work.inspection, 'inspection'), gpus);
  const wanted = wantedEnvironments(plan, order, hashes);
  const missing = await environments.missing(requiredTags(wanted));
  if (missing.length === 0) return { kind: 'needed', ...NO_ENVIRONMENT };
  const environmentUrl = await artifacts.grant(`${id}-environment`, [], { environments: wanted });
  return {
    kind: 'environment',
    environmentUrl,
    environmentToken: await sha256Hex(environmentUrl),
  };
}

async function decide(
  deps: Deps,
  { model, artifact, work: { inspection } }: Deployment,
): Promise<BuildPlan> {
  const inspected = requireWork(inspection, 'inspection');
  const { facts, manifest } = inspected;
  const tagOf = (hash: string) =>
    imageTag(model, JSON.stringify([hash, modelOrder(inspected, deps.gpus)]), artifact);
  const gpu = gpuFor(inspected, deps.gpus.areChosen);
  const runtime = runtimeOn(facts, gpu);
  requireOwnImage(deps.ownImages, runtime, manifest.runtime.image);
  requireGpu(facts, runtime, gpu);
  requireBaseImage(runtime, deps.gpus);
  requireCapture(runtime, manifest);
  const { takesPackages } = RUNTIMES[runtime];
  const packages = takesPackages ? pythonEnvironment(facts, manifest.build) : null;
  const python = packages && gpu ? { ...packages, cuda: true as const } : packages;
  const installed = deps.hashes[runtime];
  const environmentHash = python ? await sha256Hex(JSON.stringify([installed, python])) : installed;
  const isBuilt = deps.engine === 'image' || isBuiltForProcesses(runtime, deps.unwalled);
  const artifactBytes = artifact.parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (isBuilt && deps.freeBytes) requireDisk(artifactBytes, await deps.freeBytes());
  const machine =
    isBuilt && deps.mostMachine !== null
      ? buildMachine(
          {
            ...{ artifactBytes, facts, runtime },
            wantedMiB: memoryMiB(manifest),
            hasCuda: python?.cuda === true,
          },
          deps.mostMachine,
        ).name
      : undefined;
  return {
    runtime,
    environmentHash,
    python,
    imageTag: isBuilt ? await tagOf(environmentHash) : null,
    ...(machine && { machine }),
    ...(gpu && { accelerator: gpu }),
  };
}

/** Fails with `ArtifactRejected` for a runtime that runs only as an image, or that needs walls where there are none. */
function isBuiltForProcesses(runtime: RuntimeName, unwalled: string | null): boolean {
  const { process, title } = RUNTIMES[runtime];
  if (process?.confinesItself && unwalled !== null) {
    throw new Failure('ArtifactRejected', withoutWalls(unwalled), { fix: WITHOUT_WALLS_FIX });
  }
  if (process) return process.needsBuild;
  throw new Failure(
    'ArtifactRejected',
    `its runtime is ${title}, which needs Docker, but this Slipway runs models as processes`,
    { fix: 'Start Slipway with `--engine docker` and upload it again.' },
  );
}

/** The image of a kept version of this model that was built from the same bytes. */
async function builtBefore(
  registry: Registry,
  model: string,
  tag: string | null,
): Promise<BuiltImage | undefined> {
  if (tag === null) return undefined;
  for await (const image of imagesOf(registry, await keptVersions(registry, model))) {
    if (image.tag === tag) return image;
  }
  return undefined;
}
