import type { ModelVersion } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import type { Before } from '#domain/placement/asked.ts';
import { type Learnt, learntDemand, learntSince } from '#domain/placement/learnt.ts';
import type { Clock } from '#ports/clock.ts';
import type { DemandHistory } from '#ports/demand-history.ts';
import type { Registry } from '#ports/registry.ts';

type Deps = { readonly demand: DemandHistory; readonly clock: Pick<Clock, 'now'> };

/**
 * The demand that the live version had. Where it is not known yet, or the counts cannot be read, it is the one that the live version was placed for; undefined where that was not learnt either.
 * So a version that follows quickly is not placed by the first guess, far from where the model runs.
 */
export async function learntBefore(
  deps: Deps & { readonly registry: Pick<Registry, 'deployment' | 'versions'> },
  live: ModelVersion,
): Promise<Before | undefined> {
  const learnt = (await ifKnown(learntOf(deps, live))) ?? (await placedFor(deps.registry, live));
  return learnt && { learnt, target: live.target };
}

/** Undefined where it could not be read: whoever asks can do without. */
export async function ifKnown<Value>(read: Promise<Value>): Promise<Value | undefined> {
  return read.catch((error: unknown) => {
    if (!(error instanceof Failure)) throw error;
    return undefined;
  });
}

async function placedFor(
  registry: Pick<Registry, 'deployment'>,
  { deploymentId }: ModelVersion,
): Promise<Learnt | undefined> {
  const { weighing } = (await registry.deployment(deploymentId))?.work.decision ?? {};
  if (weighing?.learntDays === undefined) return undefined;
  const { requestsPerSecond, peak, hours } = weighing.question.demand;
  return { requestsPerSecond, peak, hours, days: weighing.learntDays };
}

/** The demand that a live version had in the last two weeks; undefined in its first day. */
export async function learntOf(
  { demand, clock, registry }: Deps & { readonly registry: Pick<Registry, 'versions'> },
  live: ModelVersion,
): Promise<Learnt | undefined> {
  const nowMs = clock.now();
  const versions = await registry.versions(live.model);
  const hours = await demand.hours(live, learntSince(nowMs), versions);
  return learntDemand(hours, { liveAtMs: live.liveAtMs, nowMs });
}
