import type { Deployment } from '#domain/deployment.ts';
import type { StepOutput } from '#domain/workflow.ts';
import type { Executions } from '#ports/executions.ts';
import type { Registry } from '#ports/registry.ts';

type Deps = { readonly registry: Registry; readonly executions: Executions };

/** Continues a known deployment in this execution if its own has died; leaves it alone if it runs or has ended. */
export async function takeOver(
  { registry, executions }: Deps,
  { id, model, execution: owner, endedAtMs }: Deployment,
  execution: string,
): Promise<StepOutput<'AdmitDeployment'>> {
  const admitted = { kind: 'admitted', id, model, reason: '' } as const;
  if (owner === execution) return admitted;
  if (endedAtMs !== null || (await executions.isRunning(owner))) {
    return { ...admitted, kind: 'ignored', reason: `deployment ${id} already exists` };
  }
  await registry.adopt(id, owner, execution);
  return admitted;
}
