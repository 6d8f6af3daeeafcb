import type { Deployment, Model, Trouble } from '#domain/deployment.ts';
import { HOUR_MS } from '#domain/durations.ts';
import { CONTAINERS_HOURS, TURN_CONTAINERS_ON } from '#domain/placement/awaited-containers.ts';
import { mechanismOf, type Target } from '#domain/placement/target.ts';
import { retrySeconds } from '#domain/registry/loops.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Clock } from '#ports/clock.ts';
import type { Registry } from '#ports/registry.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  /** The targets that this installation offers. */
  readonly offered: readonly Target[];
  readonly clock: Clock;
};

type Output = StepOutput<'AwaitContainers'>;

/** Looks are between 10 s and 10 min apart, so that those of the workflow last longer than anybody is waited for. */
export const CONTAINERS_WAIT_SECONDS = { least: 10, most: 600 } as const;

/** Waits without the model's lease: what is asked of the model meanwhile goes first. */
export const awaitContainers =
  ({ registry, offered, clock }: Deps) =>
  async ({
    deploymentId,
    epoch,
    attempt,
  }: StepInput<'AwaitContainers'>): Promise<StepOutput<'AwaitContainers'>> => {
    const answer = { retrySeconds: 0, attempt: attempt + 1 };
    await registry.releaseLease({ deploymentId, epoch });
    const deployment = await requireDeployment(registry, deploymentId);
    if (deployment.endedAtMs !== null) return { ...answer, kind: kindOf(deployment) };
    const { untilMs } = requireWork(deployment.work.awaits, 'target to wait for');
    const leftMs = untilMs - clock.now();
    const over = whyOver(deployment, await registry.model(deployment.model), leftMs, offered);
    if (over === 'ready') return { ...answer, kind: 'ready' };
    if (over === undefined) {
      const waitedMs = CONTAINERS_HOURS * HOUR_MS - leftMs;
      const { least, most } = CONTAINERS_WAIT_SECONDS;
      const seconds = Math.max(least, retrySeconds(waitedMs, most));
      return { ...answer, kind: 'pending', retrySeconds: seconds };
    }
    const { to, ...trouble } = over;
    const { reason } = trouble;
    const ended = await registry.settle({ deploymentId, reason, degraded: false, trouble, to });
    return { ...answer, kind: kindOf(ended ?? deployment) };
  };

type Over = Trouble & { readonly to?: 'Rejected' | 'Superseded' | undefined };

/** Why nothing is waited for any more; undefined while somebody may still turn containers on. */
function whyOver(
  { id, model: name, trouble }: Deployment,
  model: Model | undefined,
  leftMs: number,
  offered: readonly Target[],
): Over | 'ready' | undefined {
  if (trouble) return { ...trouble, to: undefined };
  const superseded = { name: 'Superseded', fix: '', to: 'Superseded' } as const;
  if (model?.newestDeploymentId !== id) {
    return { ...superseded, reason: 'a newer version was admitted while this one waited' };
  }
  if (model.undeployedWith === id) {
    return { ...superseded, reason: `${name} was undeployed while this version waited` };
  }
  if (offered.some((target) => mechanismOf({ target }) === 'container')) return 'ready';
  if (leftMs > 0) return undefined;
  return {
    name: 'NoContainers',
    reason: `the model needs a container, and nobody turned containers on within ${CONTAINERS_HOURS} h`,
    fix: `${TURN_CONTAINERS_ON}, and upload the model again.`,
    to: 'Rejected',
  };
}

function kindOf({ phase }: Deployment): Output['kind'] {
  if (phase === 'Superseded') return 'superseded';
  if (phase === 'Aborted') return 'aborted';
  return phase === 'Rejected' ? 'rejected' : 'failed';
}
