import { readImage } from '#domain/build/image.ts';
import type { TargetOption } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { acceleratorOf, type Manifest, memoryMiB } from '#domain/manifest/manifest.ts';
import { chooseTarget as weigh } from '#domain/placement/choose-target.ts';
import { expectedMemoryBytes } from '#domain/placement/expected-memory.ts';
import type { Target } from '#domain/placement/target.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Registry } from '#ports/registry.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  /** The targets that this installation has. */
  readonly offered: readonly Target[];
};

export const chooseTarget =
  ({ registry, offered }: Deps) =>
  async ({
    deploymentId,
    epoch,
    variables,
  }: StepInput<'ChooseTarget'>): Promise<StepOutput<'ChooseTarget'>> => {
    const { work } = await requireDeployment(registry, deploymentId);
    if (work.decision) return { target: work.decision.target };
    const { facts, manifest } = requireWork(work.inspection, 'inspection');
    const { imageTag, runtime } = requireWork(work.plan, 'plan');
    const built = () => (imageTag === null ? undefined : readImage(imageTag, variables, runtime));
    const image = work.image ?? built();
    const needs = {
      // The image holds the artifact and its runtime; where none is built, the artifact is all there is.
      imageBytes: image?.uncompressedBytes ?? facts.sizeBytes,
      memoryBytes: expectedMemoryBytes(facts.memory, image, facts.language !== undefined),
      memoryMiB: memoryMiB(manifest),
      accelerator: acceleratorOf(manifest),
      replicas: manifest.scaling.min,
      refusedByLambda: portRefusal(manifest) ?? image?.smoke?.refusedByLambda,
    };
    const { target, allow } = manifest.placement;
    const { decision, options } = weigh(needs, { target, allow, offered });
    if (!decision) throw nothingFits(options);
    await registry.recordWork({ deploymentId, epoch }, image ? { decision, image } : { decision });
    return { target: decision.target };
  };

// Of Lambda's own runtime API. https://github.com/awslabs/aws-lambda-web-adapter#configurations
const LAMBDA_PORT = 9001;

function portRefusal({ runtime: { port } }: Manifest): string | undefined {
  return port === LAMBDA_PORT
    ? `its server listens on port ${port} (runtime.port), which Lambda reserves`
    : undefined;
}

function nothingFits(options: readonly TargetOption[]): Failure {
  const reasons = options.map(({ target, reason }) => `${target}: ${reason}`);
  return new Failure('ArtifactRejected', `no target can hold the model; ${reasons.join('; ')}`, {
    fix: 'Make the model smaller, for example by quantizing its weights, or change placement and resources in model.yaml.',
  });
}
