import type { Artifact } from '#domain/deployment.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Executions } from '#ports/executions.ts';
import type { Registry } from '#ports/registry.ts';
import { takeOver } from './take-over.ts';

type Deps = { readonly registry: Registry; readonly executions: Executions };

const NOTHING: Artifact = { bucket: '', key: '', versionId: '', parts: [], manifest: null };

export const admitUndeploy =
  (deps: Deps) =>
  async ({
    request,
    execution,
  }: StepInput<'AdmitUndeploy'>): Promise<StepOutput<'AdmitUndeploy'>> => {
    const { registry } = deps;
    const { deploymentId, model, kind } = request;
    const known = await registry.deployment(deploymentId);
    if (known) return takeOver(deps, known, execution);
    if (!(await registry.model(model))) {
      const reason = `there is no model ${model}`;
      return { kind: 'ignored', id: deploymentId, model, reason };
    }
    await registry.request({
      deploymentId,
      model,
      execution,
      kind,
      artifact: NOTHING,
      version: null,
      work: {},
      reason: 'the whole model is removed',
    });
    return { kind: 'admitted', id: deploymentId, model, reason: '' };
  };
