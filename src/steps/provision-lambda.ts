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
};

export const provisionLambda =
  ({ registry, lambda, clock }: Deps) =>
  async ({
    deploymentId,
    epoch,
  }: StepInput<'ProvisionLambda'>): Promise<StepOutput<'ProvisionLambda'>> => {
    const holder = { deploymentId, epoch };
    const deployment = await requireDeployment(registry, deploymentId);
    const { model, artifact, work } = deployment;
    const { facts, manifest } = requireWork(work.inspection, 'inspection');
    const plan = requireWork(work.plan, 'plan');
    const { memoryMiB } = requireWork(work.decision, 'target');
    const version = requireVersion(deployment);
    const revision = revisionName(model, version);
    const startupTimeoutSeconds = manifest.server.startupTimeoutSeconds;
    const createdAtMs = clock.now();
    const candidate = work.candidate ?? {
      target: 'lambda',
      revision,
      createdAtMs,
      readyByMs: createdAtMs + startupTimeoutSeconds * 1000,
    };

    await registry.recordIntent(holder, { kind: 'revision', name: revision, target: 'lambda' });
    await registry.advance(
      holder,
      'Provisioning',
      { candidate },
      {
        data: { target: 'lambda', revision, memoryMiB },
      },
    );
    await lambda.create({
      revision,
      model,
      version,
      deploymentId,
      runtime: plan.runtime,
      environmentHash: plan.environmentHash,
      artifact,
      modelFile: facts.modelFile,
      memoryMiB,
      startupTimeoutSeconds,
    });
    return {};
  };
