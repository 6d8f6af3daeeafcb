import { revisionName } from '#domain/identity.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Clock } from '#ports/clock.ts';
import type { Platform } from '#ports/platform.ts';
import type { Registry } from '#ports/registry.ts';
import { requireDeployment, requireVersion, requireWork } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly lambda: Platform;
  readonly clock: Clock;
  /** How long (seconds) the target itself may take before the model begins to load: on AWS it first unpacks the image. */
  readonly provisioningSeconds: number;
};

export const provisionLambda =
  ({ registry, lambda, clock, provisioningSeconds }: Deps) =>
  async ({
    deploymentId,
    epoch,
  }: StepInput<'ProvisionLambda'>): Promise<StepOutput<'ProvisionLambda'>> => {
    const holder = { deploymentId, epoch };
    const deployment = await requireDeployment(registry, deploymentId);
    const { model, artifact, work } = deployment;
    // A candidate that has traffic is there, and only RollBack may give it up.
    if (work.shift) return {};
    const { facts, manifest } = requireWork(work.inspection, 'inspection');
    const plan = requireWork(work.plan, 'plan');
    const { memoryMiB } = requireWork(work.decision, 'target');
    const version = requireVersion(deployment);
    const revision = revisionName(model, version);
    const startupTimeoutSeconds = manifest.server.startupTimeoutSeconds;

    await registry.recordIntent(holder, { kind: 'revision', name: revision, target: 'lambda' });
    if (!work.candidate) {
      const createdAtMs = clock.now();
      const readyByMs = createdAtMs + (provisioningSeconds + startupTimeoutSeconds) * 1000;
      const candidate = { target: 'lambda', revision, createdAtMs, readyByMs } as const;
      const data = { target: 'lambda', revision, memoryMiB };
      await registry.advance(holder, 'Provisioning', { candidate }, { data });
    }
    await lambda.create({
      revision,
      model,
      version,
      deploymentId,
      runtime: plan.runtime,
      environmentHash: plan.environmentHash,
      image: work.image ?? null,
      artifact,
      modelFile: facts.modelFile,
      memoryMiB,
      startupTimeoutSeconds,
    });
    return {};
  };
