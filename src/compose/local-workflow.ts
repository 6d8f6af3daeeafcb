import { readFileSync } from 'node:fs';
import type * as z from 'zod/mini';
import type { Definitions } from '#adapters/local/workflow/workflow-engine.ts';
import type { OwnImages } from '#domain/build/own-image.ts';
import type { RuntimeName } from '#domain/build/runtime.ts';
import { Failure } from '#domain/failure.ts';
import type { Manifest } from '#domain/manifest/manifest.ts';
import type { Caps } from '#domain/placement/caps.ts';
import type { Gpus } from '#domain/placement/gpu-need.ts';
import type { Target } from '#domain/placement/target.ts';
import type { Trust } from '#domain/promotion/signed-release.ts';
import type { ShiftDefaults } from '#domain/rollout/plan-shift.ts';
import { type StepName, workflow } from '#domain/workflow.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import type { Inspector } from '#operations/inspection/bounded.ts';
import type { AccountLimits } from '#ports/account-limits.ts';
import type { ArtifactStore } from '#ports/artifact-store.ts';
import type { BuildLog } from '#ports/build-log.ts';
import type { Builds } from '#ports/builds.ts';
import type { Clock } from '#ports/clock.ts';
import type { EnvironmentImages } from '#ports/environment-images.ts';
import type { Executions, WorkflowName } from '#ports/executions.ts';
import type { Metrics } from '#ports/metrics.ts';
import type { ModelImages } from '#ports/model-images.ts';
import type { Platforms } from '#ports/platform.ts';
import type { Prober } from '#ports/prober.ts';
import type { Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { acquireLease } from '#steps/acquire-lease.ts';
import { admitDeployment } from '#steps/admit-deployment.ts';
import { admitPromotion } from '#steps/admit-promotion.ts';
import { admitRollback } from '#steps/admit-rollback.ts';
import { admitUndeploy } from '#steps/admit-undeploy.ts';
import { awaitApproval } from '#steps/await-approval.ts';
import { awaitContainers } from '#steps/await-containers.ts';
import { checkHealth } from '#steps/check-health.ts';
import { chooseTarget } from '#steps/choose-target.ts';
import { commitDeployment } from '#steps/commit-deployment.ts';
import { compareAnswers } from '#steps/compare-answers.ts';
import { compensate } from '#steps/compensate.ts';
import { describeCandidate } from '#steps/describe-candidate.ts';
import { explainBuild } from '#steps/explain-build.ts';
import { grantBuild } from '#steps/grant-build.ts';
import { inspectArtifact } from '#steps/inspect-artifact.ts';
import { judgeBake } from '#steps/judge-bake.ts';
import { planBuild } from '#steps/plan-build.ts';
import { provisionEc2 } from '#steps/provision-ec2.ts';
import { provisionFargate } from '#steps/provision-fargate.ts';
import { provisionLambda } from '#steps/provision-lambda.ts';
import { releaseLease } from '#steps/release-lease.ts';
import { removeRoute } from '#steps/remove-route.ts';
import { restartVersion } from '#steps/restart-version.ts';
import { retireAll } from '#steps/retire-all.ts';
import { retirePrevious } from '#steps/retire-previous.ts';
import { rollBack } from '#steps/roll-back.ts';
import { shiftTraffic } from '#steps/shift-traffic.ts';
import { verifyTraffic } from '#steps/verify-traffic.ts';

/** Everything the steps need from the world, and the few numbers that differ between one machine and AWS. */
export type StepDeps = {
  readonly registry: Registry;
  readonly artifacts: ArtifactStore;
  readonly platforms: Platforms;
  readonly router: Router;
  readonly prober: Prober;
  readonly metrics: Metrics;
  readonly executions: Executions;
  readonly clock: Clock;
  readonly buildLog: BuildLog;
  readonly builds: Builds;
  readonly hashes: Readonly<Record<RuntimeName, string>>;
  readonly engine: 'image' | 'process';
  readonly environments: EnvironmentImages | null;
  readonly images: Pick<ModelImages, 'all'>;
  readonly requireApproval: boolean;
  readonly trust: Trust;
  readonly inspector: Inspector;
  readonly maxArtifactBytes: number;
  readonly offered: readonly Target[];
  readonly caps: Caps;
  readonly accountLimits: AccountLimits;
  readonly gpus: Gpus;
  readonly ownImages: OwnImages;
  readonly unwalled: string | null;
  readonly mostMachine: string | null;
  readonly freeBytes: (() => Promise<number>) | null;
  readonly provisioningSeconds: Readonly<Record<Target, number>>;
  readonly waitMs: number;
  readonly shifts: ShiftDefaults;
  readonly crossingDrainSeconds: number;
};

/** A step's task; like a Lambda function it cannot be interrupted. */
export type StepHandler = (payload: unknown) => Promise<unknown>;

/** The step of each Task state of all workflows, with its dependencies; it parses the workflow's input. */
export function stepHandlers(deps: StepDeps): Readonly<Record<StepName, StepHandler>> {
  const inspect = (files: readonly ArtifactFile[], manifest: Manifest) =>
    deps.inspector.inspect(files, { maxBytes: deps.maxArtifactBytes, manifest });
  return {
    AdmitDeployment: parsed(workflow.AdmitDeployment.input, admitDeployment(deps)),
    AdmitPromotion: parsed(workflow.AdmitPromotion.input, admitPromotion(deps)),
    AwaitApproval: parsed(workflow.AwaitApproval.input, awaitApproval(deps)),
    AdmitRollback: parsed(workflow.AdmitRollback.input, admitRollback(deps)),
    AdmitUndeploy: parsed(workflow.AdmitUndeploy.input, admitUndeploy(deps)),
    AcquireLease: parsed(workflow.AcquireLease.input, acquireLease(deps)),
    InspectArtifact: parsed(
      workflow.InspectArtifact.input,
      inspectArtifact({ ...deps, inspect, parseManifest: deps.inspector.parseManifest }),
    ),
    PlanBuild: parsed(workflow.PlanBuild.input, planBuild(deps)),
    GrantBuild: parsed(workflow.GrantBuild.input, grantBuild(deps)),
    ExplainBuild: parsed(workflow.ExplainBuild.input, explainBuild(deps)),
    ChooseTarget: parsed(workflow.ChooseTarget.input, chooseTarget(deps)),
    AwaitContainers: parsed(workflow.AwaitContainers.input, awaitContainers(deps)),
    ProvisionLambda: parsed(workflow.ProvisionLambda.input, provisionLambda(deps)),
    ProvisionFargate: parsed(workflow.ProvisionFargate.input, provisionFargate(deps)),
    ProvisionEc2: parsed(workflow.ProvisionEc2.input, provisionEc2(deps)),
    RestartVersion: parsed(workflow.RestartVersion.input, restartVersion(deps)),
    DescribeCandidate: parsed(workflow.DescribeCandidate.input, describeCandidate(deps)),
    CheckHealth: parsed(workflow.CheckHealth.input, checkHealth(deps)),
    CompareAnswers: parsed(workflow.CompareAnswers.input, compareAnswers(deps)),
    ShiftTraffic: parsed(workflow.ShiftTraffic.input, shiftTraffic(deps)),
    VerifyTraffic: parsed(workflow.VerifyTraffic.input, verifyTraffic(deps)),
    JudgeBake: parsed(workflow.JudgeBake.input, judgeBake(deps)),
    CommitDeployment: parsed(workflow.CommitDeployment.input, commitDeployment(deps)),
    RetirePrevious: parsed(workflow.RetirePrevious.input, retirePrevious(deps)),
    RemoveRoute: parsed(workflow.RemoveRoute.input, removeRoute(deps)),
    RetireAll: parsed(workflow.RetireAll.input, retireAll(deps)),
    RollBack: parsed(workflow.RollBack.input, rollBack(deps)),
    Compensate: parsed(workflow.Compensate.input, compensate(deps)),
    ReleaseLease: parsed(workflow.ReleaseLease.input, releaseLease(deps)),
  };
}

function parsed<Input>(
  schema: z.ZodMiniType<Input>,
  step: (input: Input) => Promise<unknown>,
): StepHandler {
  return async (payload) => {
    const input = schema.safeParse(payload);
    if (!input.success) {
      throw new Failure('InputInvalid', `the step's input is wrong: ${input.error.message}`);
    }
    return step(input.data);
  };
}

const WORKFLOWS = [
  'deploy',
  'promote',
  'rollback',
  'undeploy',
] as const satisfies readonly WorkflowName[];

/** The state machines that ship. */
export function readDefinitions(): Definitions {
  return Object.fromEntries(WORKFLOWS.map((name) => [name, readDefinition(name)]));
}

function readDefinition(name: WorkflowName) {
  const file = new URL(`../../statemachines/${name}.asl.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8'));
}
