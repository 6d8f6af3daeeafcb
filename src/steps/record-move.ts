import type { Deployment, DeploymentWork } from '#domain/deployment.ts';
import type { MoveRequest } from '#domain/workflow.ts';
import type { Registry } from '#ports/registry.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';

/** Records the live version's bytes as a new version, which is placed for the demand that the live one had. Ignored where another version is live by now, and superseded where a newer upload was admitted. */
export async function recordMove(
  registry: Registry,
  { deploymentId, model, version, learnt, reason }: MoveRequest,
  execution: string,
): Promise<Deployment> {
  const found = await registry.model(model);
  const live = found?.live?.version === version ? found.live : undefined;
  const made = live && (await requireDeployment(registry, live.deploymentId));
  const admission = { deploymentId, model, execution };
  if (!made?.order) {
    const artifact = { bucket: '', key: '', versionId: '', parts: [], manifest: null };
    const announcement = { reason: `version ${version} of ${model} is not live any more` };
    return registry.refuse({ ...admission, artifact, phase: 'Ignored', announcement });
  }
  const { artifact, order, work } = made;
  const data = { kind: 'move', fromVersion: version };
  const promoted = { work: workOf(made, work, learnt), announcement: { reason, data } };
  return (await registry.admit({ ...admission, artifact, order, promoted })).deployment;
}

/** Nothing is built, and nobody is asked: these bytes are live. */
function workOf(
  { id, version }: Deployment,
  work: DeploymentWork,
  learnt: MoveRequest['learnt'],
): DeploymentWork {
  const inspection = requireWork(work.inspection, 'inspection');
  const plan = requireWork(work.plan, 'plan');
  const { target } = requireWork(work.decision, 'target');
  const { image, golden } = work;
  const from = { place: 'here', version: version ?? 0, deploymentId: id };
  const digest = image?.digest ?? work.promotion?.digest ?? '';
  return {
    promotion: {
      from,
      digest,
      proof: golden ?? null,
      needsApproval: false,
      approval: null,
      signed: work.promotion?.signed ?? null,
    },
    moved: { learnt, target },
    inspection,
    plan,
    ...(image && { image }),
  };
}
