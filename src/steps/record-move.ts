import { bringsVersion, type Deployment, type DeploymentWork } from '#domain/deployment.ts';
import type { MoveRequest } from '#domain/workflow.ts';
import type { Registry } from '#ports/registry.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';

/** Records the live version's bytes as a new version, which is placed for the demand that the live one had. Ignored where another version is live by now or may soon be, and superseded where a newer upload was admitted. */
export async function recordMove(
  registry: Registry,
  { deploymentId, model, version, learnt, reason }: MoveRequest,
  execution: string,
): Promise<Deployment> {
  const found = await registry.model(model);
  const live = found?.live?.version === version ? found.live : undefined;
  const made = live && (await requireDeployment(registry, live.deploymentId));
  const admission = { deploymentId, model, execution };
  const taking = await takingAway(registry, model);
  if (!made?.order || taking) {
    const artifact = { bucket: '', key: '', versionId: '', parts: [], manifest: null };
    const reason = taking
      ? `the ${taking.kind} of ${model} is under way: it may take version ${version} away`
      : `version ${version} of ${model} is not live any more`;
    const announcement = { reason };
    return registry.refuse({ ...admission, artifact, phase: 'Ignored', announcement });
  }
  const { artifact, order, work } = made;
  const data = { kind: 'move', fromVersion: version };
  const promoted = { work: workOf(made, work, learnt), announcement: { reason, data } };
  return (await registry.admit({ ...admission, artifact, order, promoted })).deployment;
}

/** A request that takes the live version away, or makes it anew; undefined where there is none. */
async function takingAway(registry: Registry, name: string): Promise<Deployment | undefined> {
  const open = await registry.unended();
  return open.find(({ model, kind }) => model === name && !bringsVersion(kind));
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
