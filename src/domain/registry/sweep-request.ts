import { deploymentId, type Model, type ModelVersion } from '#domain/deployment.ts';
import type { RollbackRequest, UndeployRequest } from '#domain/workflow.ts';
import { requestName } from './recovery.ts';

/** What the sweep starts of its own: the execution's name and its input. */
export type SweepRequest =
  | { readonly workflow: 'rollback'; readonly name: string; readonly input: RollbackRequest }
  | { readonly workflow: 'undeploy'; readonly name: string; readonly input: UndeployRequest };

const HOUR_MS = 3_600_000;

/**
 * The repair of a live version, after `inARow` others. It is the same within an hour, so that two sweeps ask for it once, and another in the next, so that one that did not begin is tried again.
 * One that was admitted, or made the version live anew, makes the next another too.
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

/** The end of an undeploy that was begun; the same within an hour. */
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

function hourOf(nowMs: number): number {
  return Math.floor(nowMs / HOUR_MS);
}
