import { TARGETS } from '#domain/target.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Registry } from '#ports/registry.ts';
import { requireDeployment } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  /** Names the installed runtime: its files, its packages, the machine's architecture. */
  readonly environmentHash: string;
};

/** The ONNX runtime comes with Slipway and reads the artifact from the store, so nothing is built. */
export const planBuild =
  ({ registry, environmentHash }: Deps) =>
  async ({ deploymentId, epoch }: StepInput<'PlanBuild'>): Promise<StepOutput<'PlanBuild'>> => {
    const { work } = await requireDeployment(registry, deploymentId);
    if (work.plan) return {};
    await registry.recordWork(
      { deploymentId, epoch },
      { plan: { runtime: 'onnx', environmentHash, accelerator: 'none', feasible: TARGETS } },
    );
    return {};
  };
