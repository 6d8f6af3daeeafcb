import { deploymentId, type Model, type ModelVersion } from '#domain/deployment.ts';
import { HOUR_MS } from '#domain/durations.ts';
import type { Learnt } from '#domain/placement/learnt.ts';
import type { MoveRequest, RollbackRequest, UndeployRequest } from '#domain/workflow.ts';
import { requestName } from './recovery.ts';

/** An execution that the sweep starts by itself: its name and input. */
export type SweepRequest =
  | { readonly workflow: 'rollback'; readonly name: string; readonly input: RollbackRequest }
  | { readonly workflow: 'promote'; readonly name: string; readonly input: MoveRequest }
  | { readonly workflow: 'undeploy'; readonly name: string; readonly input: UndeployRequest };

const WEEK_MS = 168 * HOUR_MS;

/**
 * The repair of a live version, after `inARow` others. Its name is the same within an hour, so that two sweeps request it once, and changes in the next, so that a repair that did not begin is retried.
 * The name also changes once a repair was admitted, or made the version live again.
 */
export async function repairRequest(
  { model, version, revision, liveAtMs }: ModelVersion,
  { reason, inARow }: { readonly reason: string; readonly inARow: number },
  nowMs: number,
): Promise<SweepRequest> {
  const turn = `${liveAtMs}/${inARow}/${hourOf(nowMs)}`;
  const id = await deploymentId('repair', revision, turn);
  return {
    workflow: 'rollback',
    name: requestName('repair', model, id, 1),
    input: { kind: 'repair', deploymentId: id, model, to: version, reason },
  };
}

/** Finishes an undeploy that had begun; its name is the same within an hour. */
export async function undeployRequest(
  { name, newestDeploymentId }: Model,
  nowMs: number,
): Promise<SweepRequest> {
  const id = await deploymentId('undeploy', name, `${newestDeploymentId}/${hourOf(nowMs)}`);
  return {
    workflow: 'undeploy',
    name: requestName('undeploy', name, id, 1),
    input: { kind: 'undeploy', deploymentId: id, model: name },
  };
}

/** The move of a live version to the place that costs less for what it got: its bytes become a new version, which is placed for that. Its name is the same within a week, so that a move that did not begin is asked for again. */
export async function moveRequest(
  { model, version, revision, liveAtMs }: ModelVersion,
  { learnt, reason }: { readonly learnt: Learnt; readonly reason: string },
  nowMs: number,
): Promise<SweepRequest> {
  const id = await deploymentId('move', revision, `${liveAtMs}/${Math.floor(nowMs / WEEK_MS)}`);
  return {
    workflow: 'promote',
    name: requestName('move', model, id, 1),
    input: { kind: 'move', deploymentId: id, model, version, learnt, reason },
  };
}

function hourOf(nowMs: number): number {
  return Math.floor(nowMs / HOUR_MS);
}
