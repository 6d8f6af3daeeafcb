import {
  bringsVersion,
  type Deployment,
  type ModelVersion,
  movesAnother,
} from '#domain/deployment.ts';
import { hasMovedTraffic, isTerminal } from '#domain/phase.ts';
import { whyGivenUp } from '#domain/registry/give-up.ts';
import { retrySeconds } from '#domain/registry/loops.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Builds } from '#ports/builds.ts';
import type { Clock } from '#ports/clock.ts';
import type { Executions } from '#ports/executions.ts';
import type { LeaseResult, Registry } from '#ports/registry.ts';
import { requireDeployment, requireVersion } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly executions: Executions;
  readonly builds: Builds;
  readonly clock: Clock;
};

type Output = StepOutput<'AcquireLease'>;

/** Longer than the longest step; every write by the holder renews it. */
const LEASE_SECONDS = 900;
const LONGEST_POLL_SECONDS = 60;
/** The clocks of two functions in AWS may differ by so much: a lease of the one has not been granted in the other's future. */
const CLOCKS_APART_MS = 60_000;

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
        return { ...answer, ...(await wait(deps, deploymentId, lease.deploymentId)) };
    }
  };

/** Dead when the lease has expired and its execution no longer runs: neither alone proves it. A lease that ends much later than one from now on was granted before the clock was set back, and has expired too. */
async function isDead(
  { executions, clock }: Deps,
  lease: Extract<LeaseResult, { kind: 'held' }>,
): Promise<boolean> {
  const leftMs = lease.leaseUntilMs - clock.now();
  const isValid = leftMs > 0 && leftMs <= LEASE_SECONDS * 1000 + CLOCKS_APART_MS;
  return !isValid && !(await executions.isRunning(lease.execution));
}

async function wait(deps: Deps, deploymentId: string, holder: string) {
  const { registry, clock } = deps;
  const deployment = await requireDeployment(registry, deploymentId);
  const trouble = whyGivenUp(deployment, holder, clock.now());
  if (trouble) {
    const degraded = hasMovedTraffic(deployment.phase);
    await registry.settle({ deploymentId, reason: trouble.reason, degraded, trouble });
    return { kind: trouble.name === 'Aborted' ? 'aborted' : 'givenUp' } as const;
  }
  if (bringsVersion(deployment.kind)) await stopBuild(deps, holder);
  const waitedMs = clock.now() - deployment.admittedAtMs;
  return { kind: 'held', retrySeconds: retrySeconds(waitedMs, LONGEST_POLL_SECONDS) } as const;
}

/** Stops the image build of a superseded upload. Its environment build goes on, since the newer upload needs the same environment. */
async function stopBuild({ registry, builds }: Deps, deploymentId: string): Promise<void> {
  const { phase, kind } = await requireDeployment(registry, deploymentId);
  if (phase !== 'Building' || kind !== 'deploy') return;
  const build = await builds.find(deploymentId);
  if (build?.of === 'image' && build.status === 'IN_PROGRESS') await builds.stop(deploymentId);
}

/** Goes forward after the commit. Goes back when the deployment was being given up, or when other changes have overtaken it. */
async function resume(
  registry: Registry,
  { deployment, epoch }: Extract<LeaseResult, { kind: 'acquired' }>,
): Promise<Output['resume']> {
  const { id, phase } = deployment;
  if (phase === 'Live') return 'retire';
  if (deployment.trouble || phase === 'RollingBack' || isTerminal(phase)) return 'rollback';
  const reason = await outdated(registry, deployment);
  if (reason === undefined) return 'none';
  await registry.recordTrouble(
    { deploymentId: id, epoch },
    { name: 'Superseded', reason, fix: '' },
  );
  return 'rollback';
}

/** Why continuing is pointless or wrong after what happened while this deployment waited or did not run; undefined when it is not. */
async function outdated(registry: Registry, deployment: Deployment): Promise<string | undefined> {
  const { kind, model, admittedAtMs, work } = deployment;
  const live = (await registry.model(model))?.live ?? null;
  const meanwhile = live
    ? `${live.revision} went live while this deployment was not running`
    : `${model} was undeployed while this deployment was not running`;
  if (kind === 'undeploy')
    return (await isNewer(registry, live, admittedAtMs)) ? meanwhile : undefined;
  // The candidate was proven against the revision that was live then, and takes over from it.
  const { previous } = work.shift ?? { previous: undefined };
  if (previous !== undefined && previous?.revision !== live?.revision) return meanwhile;
  if (kind === 'rollback') return undefined;
  if (movesAnother(deployment, live)) return meanwhile;
  const version = requireVersion(deployment);
  if (kind === 'repair') return live?.version === version ? undefined : meanwhile;
  const [newest] = await registry.versions(model);
  return newest && newest.version > version
    ? `${newest.revision} went live while this deployment was not running`
    : undefined;
}

/** An upload newer than the undeploy request stays. */
async function isNewer(
  registry: Registry,
  live: ModelVersion | null,
  admittedAtMs: number,
): Promise<boolean> {
  const deployed = live && (await registry.deployment(live.deploymentId));
  return (deployed?.admittedAtMs ?? 0) > admittedAtMs;
}
