import { mechanismOf } from '#domain/placement/target.ts';
import { unwatched } from '#domain/rollout/judge-bake.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Platforms } from '#ports/platform.ts';
import type { Registry } from '#ports/registry.ts';
import { requireDeployment, requireVersion, requireWork } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly platforms: Platforms;
  /** How long (seconds) the previous side stays intact after traffic moved between two mechanisms. */
  readonly crossingDrainSeconds: number;
};

export const commitDeployment =
  ({ registry, platforms, crossingDrainSeconds }: Deps) =>
  async ({
    deploymentId,
    epoch,
  }: StepInput<'CommitDeployment'>): Promise<StepOutput<'CommitDeployment'>> => {
    const deployment = await requireDeployment(registry, deploymentId);
    const { kind, work } = deployment;
    const { previous } = requireWork(work.shift, 'shift');
    const { probesSent, judges, unknownAlarms = [] } = requireWork(work.bake, 'bake');
    const candidate = requireWork(work.candidate, 'candidate');
    const { revision } = candidate;
    const { warning } = requireWork(work.golden, 'golden proof');
    const replaced = previous?.revision ?? null;
    const promotion = { version: requireVersion(deployment), previous: replaced };
    await registry.commit({ deploymentId, epoch }, promotion, {
      reason: [warning, ...unknownAlarms.map(unwatched)].filter(Boolean).join('; '),
      data: {
        kind,
        revision,
        previous: replaced,
        probes: probesSent,
        ...(judges && { judges }),
      },
    });
    if (!previous || replaced === revision) return { kind: 'Live', drainSeconds: 0 };
    const busySeconds = await platforms[previous.target].drainSeconds(previous.revision);
    const isCrossing = mechanismOf(previous) !== mechanismOf(candidate);
    const drainSeconds = isCrossing ? Math.max(busySeconds, crossingDrainSeconds) : busySeconds;
    return { kind: 'Live', drainSeconds };
  };
