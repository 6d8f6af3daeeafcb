import type { ModelVersion } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import type { Before } from '#domain/placement/asked.ts';
import { type Learnt, learntDemand, learntSince } from '#domain/placement/learnt.ts';
import type { Clock } from '#ports/clock.ts';
import type { DemandHistory } from '#ports/demand-history.ts';

type Deps = { readonly demand: DemandHistory; readonly clock: Pick<Clock, 'now'> };

/** The demand that the live version had; undefined where it is not known yet, or the counts cannot be read: a placement can do without. */
export async function learntBefore(deps: Deps, live: ModelVersion): Promise<Before | undefined> {
  try {
    const learnt = await learntOf(deps, live);
    return learnt && { learnt, target: live.target };
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** The demand that a live version had in the last two weeks; undefined in its first day. */
export async function learntOf(
  { demand, clock }: Deps,
  live: ModelVersion,
): Promise<Learnt | undefined> {
  const nowMs = clock.now();
  const hours = await demand.hours(live, learntSince(nowMs));
  return learntDemand(hours, { liveAtMs: live.liveAtMs, nowMs });
}
