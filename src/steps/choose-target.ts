import { chooseTarget as weigh } from '#domain/choose-target.ts';
import { Failure } from '#domain/failure.ts';
import { readImage } from '#domain/image.ts';
import { memoryMiB } from '#domain/manifest.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Registry } from '#ports/registry.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';

type Deps = { readonly registry: Registry };

export const chooseTarget =
  ({ registry }: Deps) =>
  async ({
    deploymentId,
    epoch,
    variables,
  }: StepInput<'ChooseTarget'>): Promise<StepOutput<'ChooseTarget'>> => {
    const { work } = await requireDeployment(registry, deploymentId);
    if (work.decision) return { target: work.decision.target };
    const { facts, manifest } = requireWork(work.inspection, 'inspection');
    const { imageTag } = requireWork(work.plan, 'plan');
    const image = work.image ?? (imageTag === null ? undefined : readImage(imageTag, variables));
    const { decision, options } = weigh({
      // The image holds the artifact and its runtime; where none is built, the artifact is all there is.
      imageBytes: image?.uncompressedBytes ?? facts.sizeBytes,
      artifactBytes: facts.sizeBytes,
      weightBytes: facts.weightBytes,
      memoryMiB: memoryMiB(manifest),
    });
    if (!decision) {
      throw new Failure(
        'ArtifactRejected',
        `needs a container; this version runs Lambda only: ${options.map(({ reason }) => reason).join('; ')}`,
        { fix: 'Make the model smaller, for example by quantising its weights.' },
      );
    }
    await registry.recordWork({ deploymentId, epoch }, image ? { decision, image } : { decision });
    return { target: decision.target };
  };
