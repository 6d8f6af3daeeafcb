import type { Deployment, Kept, ModelVersion, Shares } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { isTerminal } from '#domain/phase.ts';
import { mechanismOf } from '#domain/placement/target.ts';
import { readTrouble } from '#domain/trouble.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Prober } from '#ports/prober.ts';
import type { Holder, Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { probe } from './probe.ts';
import { askedOf, proofOf } from './proof.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';
import { looksAfter, unverified } from './unverified.ts';

type Deps = {
  readonly registry: Registry;
  readonly router: Router;
  readonly prober: Prober;
};

export const rollBack =
  (deps: Deps) =>
  async ({
    deploymentId,
    epoch,
    error,
  }: StepInput<'RollBack'>): Promise<StepOutput<'RollBack'>> => {
    const { registry } = deps;
    const holder = { deploymentId, epoch };
    const deployment = await requireDeployment(registry, deploymentId);
    const { phase, work } = deployment;
    const live = (await registry.model(deployment.model))?.live ?? null;
    // Live is terminal too: a commit whose answer was lost is not rolled back.
    if (isTerminal(phase) || !work.shift) return {};

    if (error.Error) await registry.recordTrouble(holder, readTrouble(error));
    await registry.advance(holder, 'RollingBack', {}, {});
    await putBack(deps, deployment, live, holder);
    return {};
  };

/** Moves traffic to the version that is live now: another deployment may have gone live since this one shifted. */
async function putBack(
  deps: Deps,
  candidate: Deployment,
  live: ModelVersion | null,
  holder: Holder,
): Promise<void> {
  const { registry, router } = deps;
  const { model } = candidate;
  const { epoch } = holder;
  const { kept, isAnswering } = live
    ? await healthier(deps, candidate, live)
    : { kept: null, isAnswering: false };
  await registry.recordWork(holder, { kept });
  const back = live ? { [kept?.revision ?? live.revision]: 100 } : {};
  if (live) await router.setShares(model, back, await router.shares(model), epoch);
  else await router.remove(model, epoch);
  const left = requireWork(candidate.work.shift, 'shift').after;
  const looks = live ? await looksBack(deps, candidate, live, left) : 1;
  const asked =
    live && !kept
      ? askedOf(await requireDeployment(registry, live.deploymentId), live.revision)
      : askedOf(candidate, kept?.revision ?? '');
  const open = await unverified(deps, model, { shares: back, looks, isAnswering, asked });
  if (open !== undefined) {
    throw new Failure('TrafficUnverified', `the traffic of ${model} is not back yet: ${open}`);
  }
}

/** This deployment's own revision has no version yet, so its target comes from the candidate. */
async function looksBack(
  { registry }: Deps,
  { model, work }: Deployment,
  live: ModelVersion,
  left: Shares,
): Promise<number> {
  const other = requireWork(work.candidate, 'candidate');
  const isCrossing = mechanismOf(other) !== mechanismOf(live);
  return isCrossing
    ? looksAfter(registry, model, { [live.revision]: 100 }, other)
    : looksAfter(registry, model, left, live);
}

type HealthCheck = { readonly kept: Kept | null; readonly isAnswering: boolean };

/** Health decides, not the label "previous": the candidate keeps the traffic when it answers and the live version does not. Null when the live version gets the traffic, even if it does not answer either. */
async function healthier(
  { registry, router, prober }: Deps,
  candidate: Deployment,
  live: ModelVersion,
): Promise<HealthCheck> {
  const proven = await requireDeployment(registry, live.deploymentId);
  const before = await probe(prober, router.testPath(live), await proofOf(registry, proven));
  if (before.kind !== 'failed') return { kept: null, isAnswering: true };
  const other = requireWork(candidate.work.candidate, 'candidate');
  const proof = await proofOf(registry, candidate);
  const after = await probe(prober, router.testPath(other), proof);
  const isKept = after.kind === 'passed' && other.revision !== live.revision;
  return isKept
    ? {
        kept: { revision: other.revision, live: live.revision, reason: before.reason },
        isAnswering: true,
      }
    : { kept: null, isAnswering: false };
}
