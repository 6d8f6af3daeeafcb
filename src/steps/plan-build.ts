import { needsPython } from '#domain/artifact/format.ts';
import { type BuiltImage, imageTag } from '#domain/build/image.ts';
import { pythonEnvironment } from '#domain/build/python-environment.ts';
import type { BuildPlan, Deployment } from '#domain/deployment.ts';
import { sha256Hex } from '#domain/hash.ts';
import { TARGETS } from '#domain/placement/target.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { ArtifactStore } from '#ports/artifact-store.ts';
import type { EnvironmentImages } from '#ports/environment-images.ts';
import type { Registry } from '#ports/registry.ts';
import { grantBuild, servedAs } from './grant-build.ts';
import { imagesOf, keptVersions } from './kept-versions.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly artifacts: ArtifactStore;
  /** Names the installed ONNX runtime: its files, its packages, the machine's architecture. */
  readonly environmentHash: string;
  /** The same of the Python server without its models' packages. */
  readonly pythonServerHash: string;
  /** `image`: the artifact is built into an image. `process`: the ONNX runtime comes with Slipway and reads the artifact from the store, so nothing is built for it. */
  readonly engine: 'image' | 'process';
  /** Null where models are processes, which need no images. */
  readonly environments: EnvironmentImages | null;
};

type Output = StepOutput<'PlanBuild'>;

const BUILT: Output = {
  kind: 'built',
  imageTag: '',
  artifactUrl: '',
  token: '',
  environmentUrl: '',
  environmentToken: '',
};

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
      return BUILT;
    }
    const data = { image: plan.imageTag };
    await registry.advance(holder, 'Building', { plan }, { data });
    return grantBuild(deps, deployment, { ...plan, imageTag: plan.imageTag });
  };

async function decide(
  deps: Deps,
  { model, artifact, work: { inspection } }: Deployment,
): Promise<BuildPlan> {
  const inspected = requireWork(inspection, 'inspection');
  const { facts, manifest } = inspected;
  const tagOf = (hash: string) =>
    imageTag(model, JSON.stringify([hash, servedAs(inspected)]), artifact);
  const rest = { accelerator: 'none', feasible: TARGETS } as const;
  if (!needsPython(facts.format)) {
    const { environmentHash, engine } = deps;
    const tag = engine === 'image' ? await tagOf(environmentHash) : null;
    return { runtime: 'onnx', environmentHash, python: null, imageTag: tag, ...rest };
  }
  const python = pythonEnvironment(facts, manifest.build);
  const environmentHash = await sha256Hex(JSON.stringify([deps.pythonServerHash, python]));
  const tag = await tagOf(environmentHash);
  return { runtime: 'python', environmentHash, python, imageTag: tag, ...rest };
}

/** The image of a version of this model that was built of the same bytes and is still kept. */
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
