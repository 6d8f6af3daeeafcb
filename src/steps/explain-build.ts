import { explainBuild as explain, failedBuild } from '#domain/build/explain-build.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { BuildLog } from '#ports/build-log.ts';
import type { Registry } from '#ports/registry.ts';
import { requireDeployment } from './require-deployment.ts';

type Deps = { readonly registry: Registry; readonly buildLog: BuildLog };

const LINES = 50;

export const explainBuild =
  ({ registry, buildLog }: Deps) =>
  async ({
    deploymentId,
    epoch,
    error,
  }: StepInput<'ExplainBuild'>): Promise<StepOutput<'ExplainBuild'>> => {
    const { trouble } = await requireDeployment(registry, deploymentId);
    if (trouble) return {};
    const build = failedBuild(error);
    const lines = build.log ? await buildLog.tail(build.log, LINES) : [];
    if (build.log) await registry.recordWork({ deploymentId, epoch }, { buildLog: build.log });
    await registry.recordTrouble({ deploymentId, epoch }, explain(build, lines));
    return {};
  };
