import type { Model, ModelVersion } from '#domain/deployment.ts';
import { rollbackGoal } from '#domain/rollout/rollback-goal.ts';
import type { RollbackRequest, StepInput, StepOutput } from '#domain/workflow.ts';
import type { Executions } from '#ports/executions.ts';
import type { Registry } from '#ports/registry.ts';
import { requireDeployment } from './require-deployment.ts';
import { takeOver } from './take-over.ts';

type Deps = { readonly registry: Registry; readonly executions: Executions };

type Output = StepOutput<'AdmitRollback'>;

/** Ignored when there is no version to go back to, or the requested version is already live. */
export const admitRollback =
  (deps: Deps) =>
  async ({ request, execution }: StepInput<'AdmitRollback'>): Promise<Output> => {
    const { registry } = deps;
    const { deploymentId, model } = request;
    const known = await registry.deployment(deploymentId);
    if (known) return takeOver(deps, known, execution);

    const found = await registry.model(model);
    const goal = found ? await choose(registry, found, request) : `there is no model ${model}`;
    if (typeof goal === 'string') return { kind: 'ignored', id: deploymentId, model, reason: goal };
    const { artifact, work } = await requireDeployment(registry, goal.deploymentId);
    const { inspection, plan, image, decision } = work;
    const deployment = await registry.request({
      deploymentId,
      model,
      execution,
      artifact,
      kind: request.kind,
      version: goal.version,
      work: { ...asked({ inspection, plan, image, decision }) },
      reason: request.reason,
    });
    return { kind: 'admitted', id: deployment.id, model, reason: '' };
  };

/** Chooses the version to make live, or says why there is none. */
async function choose(
  registry: Registry,
  model: Model,
  { kind, to }: RollbackRequest,
): Promise<ModelVersion | string> {
  if (kind === 'repair') return model.live ?? `${model.name} has no live version`;
  const goal = rollbackGoal(model, await registry.versions(model.name), to);
  return goal.kind === 'version' ? goal.version : goal.reason;
}

/** Drops undefined entries: a record cannot hold them. */
function asked<Work extends object>(work: Work): Partial<Work> {
  return JSON.parse(JSON.stringify(work));
}
