import { readImage } from '#domain/build/image.ts';
import type { Deployment, TargetDecision, TargetOption } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import type { Manifest } from '#domain/manifest/manifest.ts';
import { askedOf, type Before, timedOf } from '#domain/placement/asked.ts';
import { awaitedContainers } from '#domain/placement/awaited-containers.ts';
import { type Caps, mostReplicas, raise, requireWithinCaps } from '#domain/placement/caps.ts';
import {
  type Asked,
  type Needs,
  type PlacementRequest,
  chooseTarget as weigh,
} from '#domain/placement/choose-target.ts';
import { expectedStart, startingOf } from '#domain/placement/cold-start.ts';
import { isOutgrown, knownFunctionMemory } from '#domain/placement/function-memory.ts';
import { memoryOn } from '#domain/placement/gpu-need.ts';
import { lighterWeights } from '#domain/placement/lighter-weights.ts';
import { timedByServer } from '#domain/placement/measured.ts';
import { ownNeeds } from '#domain/placement/own-needs.ts';
import { isOverAt } from '#domain/placement/spent.ts';
import { TARGETS, type Target } from '#domain/placement/target.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { AccountLimits } from '#ports/account-limits.ts';
import type { Clock } from '#ports/clock.ts';
import type { DemandHistory } from '#ports/demand-history.ts';
import type { Prices } from '#ports/prices.ts';
import type { Registry } from '#ports/registry.ts';
import { learntBefore } from './learnt-before.ts';
import { measuredBefore } from './measured-live.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  /** The targets that this installation offers. */
  readonly offered: readonly Target[];
  readonly caps: Caps;
  readonly accountLimits: Pick<AccountLimits, 'functionMemory'>;
  /** How many executions the account's functions may have at once; null where there is no such limit. */
  readonly functionConcurrency: () => Promise<number | null>;
  /** How many vCPUs the account's tasks may have at once on Fargate; null where there is no such limit. */
  readonly fargateVcpus: () => Promise<number | null>;
  /** How many vCPUs the account's instances without a GPU may have at once; null where there is no such limit. */
  readonly ec2Vcpus: () => Promise<number | null>;
  /** The noted starts of a runtime where models will run; none on one machine, whose starts say nothing about AWS. */
  readonly starts: Registry['starts'];
  readonly demand: DemandHistory;
  readonly prices: Pick<Prices, 'read'>;
  readonly clock: Clock;
};

export const chooseTarget =
  (deps: Deps) =>
  async ({
    deploymentId,
    epoch,
    variables,
  }: StepInput<'ChooseTarget'>): Promise<StepOutput<'ChooseTarget'>> => {
    const { registry, offered, caps, accountLimits, clock } = deps;
    const deployment = await requireDeployment(registry, deploymentId);
    const { work } = deployment;
    const functionMemoryMiB = knownFunctionMemory(
      await accountLimits.functionMemory(),
      clock.now(),
    );
    if (work.decision && !isOutgrown(work.decision, functionMemoryMiB)) {
      return { target: work.decision.target };
    }
    const { facts, manifest } = requireWork(work.inspection, 'inspection');
    requireWithinCaps(manifest, caps);
    await requireUnspent(deps, deployment, manifest);
    const { imageTag, runtime, accelerator = null } = requireWork(work.plan, 'plan');
    const { terms, ...ofGpus } = memoryOn(facts, runtime);
    const built = () => (imageTag === null ? undefined : readImage(imageTag, variables, runtime));
    const image = work.image ?? built();
    const starting = startingOf({ ...deployment, work: { ...work, ...(image && { image }) } });
    const noted = await deps.starts(starting.runtime);
    const lambdaStart = expectedStart('lambda', starting, noted);
    const needs = {
      ...ownNeeds({ facts, terms, manifest, runtime, image, lambdaStart }),
      accelerator,
      ...ofGpus,
      allowedAccelerators: caps.allowedAccelerators,
      spending: spendingOf(manifest, caps),
      functionMemoryMiB,
      prices: await deps.prices.read(),
    };
    const { target: requested, allow } = manifest.placement;
    const holder = { deploymentId, epoch };
    const made = image ? { image } : {};
    const known = await knownBefore(deps, deployment, manifest);
    const lighter = image && lighterWeights({ facts, manifest, image });
    const live = image ? undefined : await measuredBefore(registry, deployment);
    const timed = image ? timedOf(image, runtime) : live && timedByServer(live);
    const asked = timed && askedOf({ manifest, timed, needs, caps, lighter, ...known });
    const chosen = decide(needs, { target: requested, allow, offered }, asked);
    if ('decision' in chosen) {
      const { target } = chosen.decision;
      const { maxMonthlyUsd } = caps;
      const { coldStartSeconds: startSeconds } = expectedStart(target, starting, noted);
      const decision = {
        ...chosen.decision,
        startSeconds,
        ...(maxMonthlyUsd !== null && { maxMonthlyUsd }),
      };
      await registry.recordWork(holder, { decision, ...made });
      return { target };
    }
    const awaits = work.awaits ?? awaitedContainers(chosen.wanted, chosen.options, clock.now());
    await registry.recordWork(holder, { awaits, ...made });
    return { target: 'none' };
  };

/** Fails with `ArtifactRejected` for a new version whose manifest wants no more of them once the month has cost as much as it may. A move is no new version: it costs less. */
async function requireUnspent(
  { registry, caps, clock }: Deps,
  { model, work: { moved } }: Deployment,
  { placement }: Manifest,
): Promise<void> {
  if (placement.overspent !== 'refuse' || caps.maxMonthlyUsd === null || moved) return;
  const spent = (await registry.model(model))?.spent;
  if (!spent || !isOverAt(spent, clock.now())) return;
  throw new Failure(
    'ArtifactRejected',
    `${model} has cost $${spent.usd.toFixed(2)} since ${spent.month}-01, by its requests; the cap maxMonthlyUsd is $${caps.maxMonthlyUsd}, and placement.overspent is refuse`,
    {
      fix: `Upload it when the month has ended (UTC), or with placement.overspent: event or fewer in model.yaml. ${raise('maxMonthlyUsd', 'USD')}`,
    },
  );
}

/** The account's limits, and the demand that the live version had: for a move always, else where the manifest names none. */
async function knownBefore(
  deps: Deps,
  { model, work: { moved } }: Deployment,
  { traffic }: Manifest,
): Promise<{
  readonly before: Before | undefined;
  readonly lambdaConcurrency: number | null;
  readonly fargateVcpus: number | null;
  readonly ec2Vcpus: number | null;
}> {
  const [lambdaConcurrency, fargateVcpus, ec2Vcpus] = await Promise.all([
    deps.functionConcurrency(),
    deps.offered.includes('fargate') ? deps.fargateVcpus() : null,
    deps.offered.includes('ec2') ? deps.ec2Vcpus() : null,
  ]);
  const limits = { lambdaConcurrency, fargateVcpus, ec2Vcpus };
  if (moved) return { before: { ...moved, isMove: true }, ...limits };
  const live = traffic ? undefined : (await deps.registry.model(model))?.live;
  return { before: live ? await learntBefore(deps, live) : undefined, ...limits };
}

type Chosen =
  | { readonly decision: TargetDecision }
  /** The decision if there were containers. */
  | { readonly wanted: TargetDecision; readonly options: readonly TargetOption[] };

function decide(needs: Needs, request: PlacementRequest, asked: Asked | undefined): Chosen {
  const { decision, options } = weigh(needs, request, asked);
  if (decision) return { decision };
  const wanted = weigh(needs, { ...request, offered: TARGETS }, asked).decision;
  if (wanted) return { wanted, options };
  const isCapped = weigh({ ...needs, spending: null }, request).decision !== undefined;
  throw isCapped ? overCap(options) : nothingFits(options);
}

function spendingOf(manifest: Manifest, { maxMonthlyUsd }: Caps) {
  return maxMonthlyUsd === null ? null : { mostReplicas: mostReplicas(manifest), maxMonthlyUsd };
}

/** The cap alone keeps it out. */
function overCap(options: readonly TargetOption[]): Failure {
  return new Failure(
    'ArtifactRejected',
    `the model would cost more than it may; ${reasonsOf(options)}`,
    {
      fix: `Ask for fewer replicas or less in model.yaml (scaling.max, resources). ${raise('maxMonthlyUsd', 'USD')}`,
    },
  );
}

function nothingFits(options: readonly TargetOption[]): Failure {
  return new Failure('ArtifactRejected', `no target can hold the model; ${reasonsOf(options)}`, {
    fix: 'Make the model smaller, for example by quantizing its weights, or change placement and resources in model.yaml.',
  });
}

function reasonsOf(options: readonly TargetOption[]): string {
  return options.map(({ target, reason }) => `${target}: ${reason}`).join('; ');
}
