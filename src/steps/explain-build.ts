import {
  explainBuild as explain,
  type FailedBuild,
  failedBuild,
  supersededBuild,
} from '#domain/build/explain-build.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { BuildLog } from '#ports/build-log.ts';
import type { Build, Builds } from '#ports/builds.ts';
import { textsOf } from '#ports/platform.ts';
import type { Registry } from '#ports/registry.ts';
import { requireDeployment } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly buildLog: BuildLog;
  readonly builds: Builds;
};

const LINES = 50;

export const explainBuild =
  ({ registry, buildLog, builds }: Deps) =>
  async ({
    deploymentId,
    epoch,
    error,
  }: StepInput<'ExplainBuild'>): Promise<StepOutput<'ExplainBuild'>> => {
    const { trouble, model } = await requireDeployment(registry, deploymentId);
    if (trouble) return {};
    const found = await builds.find(deploymentId);
    // Step Functions stops the build of an execution that is stopped; of a task whose time is over it says nothing.
    // https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync
    if (found?.status === 'IN_PROGRESS') await builds.stop(deploymentId);
    const build = known(found, failedBuild(error));
    const newest = (await registry.model(model))?.newestDeploymentId;
    const isSuperseded = build.isStopped && newest !== deploymentId;
    const lines =
      build.log && !isSuperseded ? await buildLog.tail(build.log, { lines: LINES }) : [];
    if (build.log) await registry.recordWork({ deploymentId, epoch }, { buildLog: build.log });
    const why = isSuperseded ? supersededBuild(model) : explain(build, textsOf(lines));
    await registry.recordTrouble({ deploymentId, epoch }, why);
    return {};
  };

/** The build's own words go before the caught error; a build that succeeded is not the one that failed. */
function known(found: Build | undefined, caught: FailedBuild): FailedBuild {
  if (!found || found.status === 'SUCCEEDED') return caught;
  const failed = found.phases.find(({ status }) => status !== 'SUCCEEDED' && status !== '');
  return {
    error: caught.error,
    phase: failed?.name ?? (found.status === 'IN_PROGRESS' ? found.phase : caught.phase),
    told: caught.told,
    isStopped: caught.isStopped || found.status === 'STOPPED',
    log: found.log ?? caught.log,
  };
}
