import { retrySeconds } from '#domain/loops.ts';
import { isTerminal } from '#domain/phase.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Clock } from '#ports/clock.ts';
import type { Executions } from '#ports/executions.ts';
import type { LeaseResult, Registry } from '#ports/registry.ts';
import { requireDeployment, requireVersion } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly executions: Executions;
  readonly clock: Clock;
};

type Output = StepOutput<'AcquireLease'>;

/** Longer than the longest step; every write of the holder renews it. */
const LEASE_SECONDS = 900;
const LONGEST_WAIT_MS = 2 * 60 * 60 * 1000;
const LONGEST_POLL_SECONDS = 60;

export const acquireLease =
  (deps: Deps) =>
  async ({ deploymentId, execution, attempt }: StepInput<'AcquireLease'>): Promise<Output> => {
    const request = { deploymentId, execution, leaseSeconds: LEASE_SECONDS };
    let lease = await deps.registry.acquireLease({ ...request, over: null });
    if (lease.kind === 'held' && (await isDead(deps, lease))) {
      lease = await deps.registry.acquireLease({ ...request, over: lease.epoch });
    }
    const answer = { epoch: 0, resume: 'none', retrySeconds: 0, attempt: attempt + 1 } as const;
    switch (lease.kind) {
      case 'acquired':
        return {
          ...answer,
          kind: 'acquired',
          epoch: lease.epoch,
          resume: await resume(deps.registry, lease),
        };
      case 'superseded':
        return { ...answer, kind: 'superseded' };
      case 'held':
        return { ...answer, ...(await wait(deps, deploymentId)) };
    }
  };

/** A lease outlives its holder only until it has run out: the clock alone proves nothing, nor does an event that an execution ended. */
async function isDead(
  { executions, clock }: Deps,
  lease: Extract<LeaseResult, { kind: 'held' }>,
): Promise<boolean> {
  return lease.leaseUntilMs <= clock.now() && !(await executions.isRunning(lease.execution));
}

async function wait({ registry, clock }: Deps, deploymentId: string) {
  const { admittedAtMs } = await requireDeployment(registry, deploymentId);
  const waitedMs = clock.now() - admittedAtMs;
  return waitedMs > LONGEST_WAIT_MS
    ? ({ kind: 'expired' } as const)
    : ({ kind: 'held', retrySeconds: retrySeconds(waitedMs, LONGEST_POLL_SECONDS) } as const);
}

/** Forward after the commit. Back when the deployment was being given up, or a newer version went live while nothing ran it. */
async function resume(
  registry: Registry,
  { deployment, epoch }: Extract<LeaseResult, { kind: 'acquired' }>,
): Promise<Output['resume']> {
  const { id, kind, model, phase } = deployment;
  if (phase === 'Live') return 'retire';
  if (deployment.trouble || phase === 'RollingBack' || isTerminal(phase)) return 'rollback';
  // A rollback or an undeploy goes on; a repair is only of what is still live, and an upload is outdated by a newer one.
  if (kind === 'rollback' || kind === 'undeploy') return 'none';
  const live = (await registry.model(model))?.live ?? null;
  const version = requireVersion(deployment);
  const isOutdated =
    kind === 'repair' ? live?.version !== version : live !== null && live.version >= version;
  if (!isOutdated) return 'none';
  const reason = live
    ? `${live.revision} went live while this deployment did not run`
    : `${model} was undeployed while this deployment did not run`;
  const trouble = { name: 'Superseded', reason, fix: '' };
  await registry.recordTrouble({ deploymentId: id, epoch }, trouble);
  return 'rollback';
}
