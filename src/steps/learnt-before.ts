import type { ModelVersion } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { demandAhead } from '#domain/placement/ahead.ts';
import type { Before } from '#domain/placement/asked.ts';
import { type Learnt, learntDemand, learntSince } from '#domain/placement/learnt.ts';
import type { Got } from '#domain/placement/look-again.ts';
import type { Clock } from '#ports/clock.ts';
import type { DemandHistory } from '#ports/demand-history.ts';
import type { Registry } from '#ports/registry.ts';

type Deps = { readonly demand: DemandHistory; readonly clock: Pick<Clock, 'now'> };
type Read = Deps & { readonly registry: Pick<Registry, 'versions'> };

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

/** The demand that a live version had in the last two weeks; undefined in its first day, on a function in its first half-day. */
export async function learntOf(deps: Read, live: ModelVersion): Promise<Learnt | undefined> {
  return (await gotBy(deps, live))?.learnt;
}

/** The same, and the demand of the coming week where the last days came as those before them. */
export async function gotBy(
  { demand, clock, registry }: Read,
  live: ModelVersion,
): Promise<Got | undefined> {
  const nowMs = clock.now();
  const versions = await registry.versions(live.model);
  const hours = await demand.hours(live, learntSince(nowMs), versions);
  // Every version's requests count, so that the hours without any are known since the first one.
  const liveAtMs = Math.min(live.liveAtMs, ...versions.map((each) => each.liveAtMs));
  const since = { target: live.target, liveAtMs, nowMs };
  const learnt = learntDemand(hours, since);
  return learnt && { learnt, ahead: demandAhead(hours, since) };
}
