import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Platform } from '#ports/platform.ts';
import type { Registry } from '#ports/registry.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';

type Deps = { readonly registry: Registry; readonly lambda: Platform };

export const commitDeployment =
  ({ registry, lambda }: Deps) =>
  async ({
    deploymentId,
    epoch,
  }: StepInput<'CommitDeployment'>): Promise<StepOutput<'CommitDeployment'>> => {
    const { work } = await requireDeployment(registry, deploymentId);
    const { previous } = requireWork(work.shift, 'shift');
    const { probesSent } = requireWork(work.bake, 'bake');
    const { revision } = requireWork(work.candidate, 'candidate');
    const { warning } = requireWork(work.golden, 'golden proof');
    await registry.commit({ deploymentId, epoch }, previous, {
      reason: warning,
      data: { revision, previous, probes: probesSent },
    });
    const drainSeconds = previous === null ? 0 : await lambda.drainSeconds(previous);
    return { kind: 'Live', drainSeconds };
  };
