import { readFileSync } from 'node:fs';
import type * as z from 'zod/mini';
import {
  type ExecutionEnd,
  type StepObserver,
  type TaskHandler,
  type WorkflowEngine,
  workflowEngine,
} from '#adapters/local/workflow-engine.ts';
import limits from '#domain/data/lambda-limits.json' with { type: 'json' };
import { Failure } from '#domain/failure.ts';
import { type StepName, workflow } from '#domain/workflow.ts';
import { inspectFiles } from '#formats/inspect.ts';
import { parseManifest } from '#formats/manifest-yaml.ts';
import type { ArtifactStore } from '#ports/artifact-store.ts';
import type { BuildLog } from '#ports/build-log.ts';
import type { Clock } from '#ports/clock.ts';
import type { Executions } from '#ports/executions.ts';
import type { Metrics } from '#ports/metrics.ts';
import type { Platform } from '#ports/platform.ts';
import type { Prober } from '#ports/prober.ts';
import type { Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { acquireLease } from '#steps/acquire-lease.ts';
import { admitDeployment } from '#steps/admit-deployment.ts';
import { checkHealth } from '#steps/check-health.ts';
import { chooseTarget } from '#steps/choose-target.ts';
import { commitDeployment } from '#steps/commit-deployment.ts';
import { compensate } from '#steps/compensate.ts';
import { describeCandidate } from '#steps/describe-candidate.ts';
import { explainBuild } from '#steps/explain-build.ts';
import { inspectArtifact } from '#steps/inspect-artifact.ts';
import { judgeBake } from '#steps/judge-bake.ts';
import { planBuild } from '#steps/plan-build.ts';
import { provisionLambda } from '#steps/provision-lambda.ts';
import { releaseLease } from '#steps/release-lease.ts';
import { retirePrevious } from '#steps/retire-previous.ts';
import { rollBack } from '#steps/roll-back.ts';
import { shiftTraffic } from '#steps/shift-traffic.ts';
import { verifyTraffic } from '#steps/verify-traffic.ts';

/** Everything the steps need of the world, and the few numbers that differ between one machine and AWS. */
export type StepDeps = {
  readonly registry: Registry;
  readonly artifacts: ArtifactStore;
  readonly lambda: Platform;
  readonly router: Router;
  readonly prober: Prober;
  readonly metrics: Metrics;
  readonly executions: Executions;
  readonly clock: Clock;
  readonly buildLog: BuildLog;
  readonly environmentHash: string;
  readonly engine: 'image' | 'process';
  readonly provisioningSeconds: number;
  readonly waitMs: number;
  readonly bakeSeconds: number;
};

/** Each Task state's step with its dependencies, parsing what the workflow hands it. */
export function stepHandlers(deps: StepDeps): Readonly<Record<StepName, TaskHandler>> {
  const inspect = (files: Parameters<typeof inspectFiles>[0]) =>
    inspectFiles(files, limits.imageUncompressedMaxBytes);
  return {
    AdmitDeployment: parsed(workflow.AdmitDeployment.input, admitDeployment(deps)),
    AcquireLease: parsed(workflow.AcquireLease.input, acquireLease(deps)),
    InspectArtifact: parsed(
      workflow.InspectArtifact.input,
      inspectArtifact({ ...deps, inspect, parseManifest }),
    ),
    PlanBuild: parsed(workflow.PlanBuild.input, planBuild(deps)),
    ExplainBuild: parsed(workflow.ExplainBuild.input, explainBuild(deps)),
    ChooseTarget: parsed(workflow.ChooseTarget.input, chooseTarget(deps)),
    ProvisionLambda: parsed(workflow.ProvisionLambda.input, provisionLambda(deps)),
    DescribeCandidate: parsed(workflow.DescribeCandidate.input, describeCandidate(deps)),
    CheckHealth: parsed(workflow.CheckHealth.input, checkHealth(deps)),
    ShiftTraffic: parsed(workflow.ShiftTraffic.input, shiftTraffic(deps)),
    VerifyTraffic: parsed(workflow.VerifyTraffic.input, verifyTraffic(deps)),
    JudgeBake: parsed(workflow.JudgeBake.input, judgeBake(deps)),
    CommitDeployment: parsed(workflow.CommitDeployment.input, commitDeployment(deps)),
    RetirePrevious: parsed(workflow.RetirePrevious.input, retirePrevious(deps)),
    RollBack: parsed(workflow.RollBack.input, rollBack(deps)),
    Compensate: parsed(workflow.Compensate.input, compensate(deps)),
    ReleaseLease: parsed(workflow.ReleaseLease.input, releaseLease(deps)),
  };
}

function parsed<Input>(
  schema: z.ZodMiniType<Input>,
  step: (input: Input) => Promise<unknown>,
): TaskHandler {
  return async (payload) => {
    const input = schema.safeParse(payload);
    if (!input.success) {
      throw new Failure('InputInvalid', `the step's input is wrong: ${input.error.message}`);
    }
    return step(input.data);
  };
}

/** The engine of the deploy workflow that ships; a Task state without a step stops it from starting. */
export function deployEngine(
  deps: Omit<StepDeps, 'executions'>,
  {
    build,
    ...watch
  }: {
    /** What stands for CodeBuild in BuildImage. */
    readonly build: TaskHandler;
    readonly onEnded: (end: ExecutionEnd) => Promise<void>;
    readonly onStep: StepObserver;
  },
): WorkflowEngine {
  const definition = JSON.parse(
    readFileSync(new URL('../../statemachines/deploy.asl.json', import.meta.url), 'utf8'),
  );
  // The steps ask the engine which executions run, and the engine runs the steps.
  const executions: Executions = {
    start: (name, input) => engine.start(name, input),
    isRunning: (execution) => engine.isRunning(execution),
  };
  const handlers = { ...stepHandlers({ ...deps, executions }), BuildImage: build };
  const engine = workflowEngine({ definition, handlers, ...watch });
  return engine;
}
