import type * as z from 'zod/mini';
import { Failure } from '#domain/failure.ts';
import { type StepName, workflow } from '#domain/workflow.ts';
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
import {
  CLEAR,
  LOOK_AT_CONTAINERS,
  LOOK_AT_EXECUTIONS,
  MAKE_CONTAINERS,
  MAKE_FUNCTIONS,
  MAKE_HOSTED,
  MAKE_SERVICES,
  MEND_ROUTES,
  READ_CONTAINERS,
  REMOVE_FUNCTIONS,
  REMOVE_ROUTE,
  type Rights,
  STOP_CONTAINERS,
} from './rights.ts';
import type { StepPorts } from './step-ports.ts';

/** A step's task; like a Lambda function it cannot be interrupted. */
export type StepHandler = (payload: unknown) => Promise<unknown>;

type Row<Port extends keyof StepPorts> = Rights & {
  /** The dependencies of the step. On AWS src/compose/aws.ts has each by its name, and serverless.yml the variables that it reads. */
  readonly ports: readonly Port[];
  /** A little under the timeout of the state in statemachines/, so that a slow step ends by itself and reports it. */
  readonly timeoutSeconds: number;
  /** Resources that an update of the stack changes before the function. */
  readonly dependsOn?: readonly string[];
};

export type Step = Row<keyof StepPorts> & {
  /** The step over these ports, as the task of its state; it parses the workflow's input. */
  handler(ports: StepPorts): StepHandler;
};

/**
 * The steps of all workflows, by the names of their states: what each is, what it needs from the world, and what its function may do in an account.
 * The engine of one machine, the functions, their blocks in the template and their roles are made of this table.
 */
export const STEPS = {
  AdmitDeployment: step(workflow.AdmitDeployment, admitDeployment, {
    ports: ['registry', 'artifacts', 'executions', 'clock'],
    timeoutSeconds: 55,
    grants: ['registry findDeployments readArtifacts findNewest listArtifacts lookAtDeploys'],
  }),
  AcquireLease: step(workflow.AcquireLease, acquireLease, {
    ports: ['registry', 'executions', 'builds', 'clock'],
    timeoutSeconds: 55,
    grants: [
      'registry listVersions endDeployments',
      LOOK_AT_EXECUTIONS,
      'lookAtBuilds stopImageBuilds',
    ],
  }),
  InspectArtifact: step(workflow.InspectArtifact, inspectArtifact, {
    ports: ['registry', 'artifacts', 'inspect', 'parseManifest'],
    timeoutSeconds: 290,
    grants: ['registry readArtifacts'],
  }),
  PlanBuild: step(workflow.PlanBuild, planBuild, {
    ports: [
      'registry',
      'artifacts',
      'hashes',
      'engine',
      'environments',
      'gpus',
      'ownImages',
      'mostMachine',
      'unwalled',
      'freeBytes',
    ],
    timeoutSeconds: 55,
    grants: ['registry listVersions orderEnvironments readEnvironments'],
  }),
  GrantBuild: step(workflow.GrantBuild, grantBuild, {
    ports: ['registry', 'artifacts', 'hashes', 'engine', 'gpus'],
    timeoutSeconds: 55,
    // While the stack is updated, its grants can be read by the project's role and commands of the same release.
    dependsOn: ['ImageProjectRole', 'ImageProject'],
    grants: ['registry grantBuilds grantArtifacts'],
  }),
  ExplainBuild: step(workflow.ExplainBuild, explainBuild, {
    ports: ['registry', 'buildLog', 'builds'],
    timeoutSeconds: 55,
    grants: ['registry readBuildLog lookAtBuilds stopBuilds'],
  }),
  ChooseTarget: step(workflow.ChooseTarget, chooseTarget, {
    ports: [
      'registry',
      'accountLimits',
      'functionConcurrency',
      'fargateVcpus',
      'ec2Vcpus',
      'starts',
      'demand',
      'prices',
      'clock',
      'offered',
      'caps',
    ],
    timeoutSeconds: 55,
    grants: ['registry listVersions listStarts readConcurrency readMetrics readProbes'],
    containerGrants: ['listMetrics readQuotas'],
  }),
  AwaitContainers: step(workflow.AwaitContainers, awaitContainers, {
    ports: ['registry', 'offered', 'clock'],
    timeoutSeconds: 55,
    grants: ['registry endDeployments'],
  }),
  ProvisionLambda: step(workflow.ProvisionLambda, provisionLambda, {
    ports: ['registry', 'lambda', 'clock', 'captureKeys', 'provisioningSeconds'],
    timeoutSeconds: 115,
    grants: ['registry fence makeCaptureKeys', MAKE_FUNCTIONS],
  }),
  ProvisionFargate: step(workflow.ProvisionFargate, provisionFargate, {
    ports: ['registry', 'fargate', 'clock', 'captureKeys', 'provisioningSeconds'],
    timeoutSeconds: 115,
    grants: ['registry fence makeCaptureKeys'],
    containerGrants: [MAKE_CONTAINERS, MAKE_SERVICES],
  }),
  ProvisionEc2: step(workflow.ProvisionEc2, provisionEc2, {
    ports: ['registry', 'ec2', 'clock', 'captureKeys', 'provisioningSeconds'],
    timeoutSeconds: 115,
    grants: ['registry fence makeCaptureKeys'],
    containerGrants: [MAKE_CONTAINERS, MAKE_HOSTED],
  }),
  DescribeCandidate: step(workflow.DescribeCandidate, describeCandidate, {
    ports: ['registry', 'platforms', 'clock', 'waitMs'],
    timeoutSeconds: 55,
    grants: ['registry findVersions readFunctions publishVersions invokeFunctions', 'readModelLog'],
    containerGrants: LOOK_AT_CONTAINERS,
  }),
  CheckHealth: step(workflow.CheckHealth, checkHealth, {
    ports: ['registry', 'router', 'prober', 'clock'],
    timeoutSeconds: 290,
    grants: ['registry findVersions invokeFunctions countProbes'],
    containerGrants: ['probeContainers'],
  }),
  CompareAnswers: step(workflow.CompareAnswers, compareAnswers, {
    ports: [
      'registry',
      'artifacts',
      'router',
      'prober',
      'clock',
      'comparing',
      'keptRequests',
      'requireApproval',
    ],
    timeoutSeconds: 110,
    grants: [
      'registry findVersions readArtifacts readReleases openKeptRequests',
      'invokeFunctions countProbes',
    ],
    containerGrants: ['probeContainers'],
  }),
  ShiftTraffic: step(workflow.ShiftTraffic, shiftTraffic, {
    ports: ['registry', 'router', 'clock', 'shifts'],
    timeoutSeconds: 55,
    grants: [
      'registry fence findVersions readShares setShares apiLease readStage',
      'publishRoutes makeRoutes allowRoutes readRoutes listRoutes recordRoutes',
    ],
    containerGrants: ['readGroups readRules setWeights removeRules', CLEAR],
  }),
  VerifyTraffic: step(workflow.VerifyTraffic, verifyTraffic, {
    ports: ['registry', 'router', 'prober', 'clock'],
    timeoutSeconds: 115,
    grants: [
      'registry listVersions findVersions readShares readStage readRoutes',
      'invokeFunctions countProbes',
    ],
    containerGrants: ['readTags readRules readHealth readMetrics probeContainers'],
  }),
  JudgeBake: step(workflow.JudgeBake, judgeBake, {
    ports: [
      'registry',
      'router',
      'prober',
      'metrics',
      'clock',
      'comparing',
      'keptRequests',
      'requireApproval',
    ],
    timeoutSeconds: 175,
    grants: [
      'registry listVersions findVersions readRoutes invokeFunctions countProbes',
      'readMetrics readAlarms openKeptRequests',
    ],
    containerGrants: ['readGroups probeContainers'],
  }),
  CommitDeployment: step(workflow.CommitDeployment, commitDeployment, {
    ports: ['registry', 'platforms', 'crossingDrainSeconds'],
    timeoutSeconds: 55,
    grants: ['registry'],
    containerGrants: [READ_CONTAINERS],
  }),
  RetirePrevious: step(workflow.RetirePrevious, retirePrevious, {
    ports: ['registry', 'router', 'platforms', 'captureKeys', 'clock'],
    timeoutSeconds: 290,
    grants: [
      'registry listVersions fence findVersions readShares readStage readRoutes removeCaptureKeys',
      REMOVE_FUNCTIONS,
      MEND_ROUTES,
    ],
    containerGrants: [READ_CONTAINERS, 'readRules', STOP_CONTAINERS, CLEAR],
  }),
  RollBack: step(workflow.RollBack, rollBack, {
    ports: ['registry', 'router', 'prober'],
    timeoutSeconds: 290,
    grants: [
      'registry listVersions fence findVersions readShares setShares',
      'invokeFunctions countProbes',
      'apiLease readStage publishRoutes makeRoutes allowRoutes removeRoutes',
      'removeAliases readRoutes listRoutes recordRoutes forgetRoutes',
    ],
    containerGrants: [
      'readGroups readRules readHealth setWeights removeRules readMetrics',
      'probeContainers',
    ],
  }),
  Compensate: step(workflow.Compensate, compensate, {
    ports: ['registry', 'router', 'platforms'],
    timeoutSeconds: 290,
    grants: [
      'registry fence findVersions readShares readStage readRoutes',
      MEND_ROUTES,
      REMOVE_FUNCTIONS,
    ],
    containerGrants: [READ_CONTAINERS, 'readRules setWeights', STOP_CONTAINERS, CLEAR],
  }),
  ReleaseLease: step(workflow.ReleaseLease, releaseLease, {
    ports: ['registry'],
    timeoutSeconds: 55,
    grants: ['registry endDeployments'],
  }),

  // The steps of the workflows that the command line starts by name.
  AdmitPromotion: step(workflow.AdmitPromotion, admitPromotion, {
    ports: [
      'registry',
      'executions',
      'artifacts',
      'images',
      'engine',
      'requireApproval',
      'trust',
      'clock',
    ],
    timeoutSeconds: 55,
    grants: ['registry listVersions findDeployments readReleases listImages lookAtPromotions'],
  }),
  AwaitApproval: step(workflow.AwaitApproval, awaitApproval, {
    ports: ['registry', 'clock'],
    timeoutSeconds: 55,
    grants: ['registry endDeployments'],
  }),
  AdmitRollback: step(workflow.AdmitRollback, admitRollback, {
    ports: ['registry', 'executions'],
    timeoutSeconds: 55,
    grants: ['registry listVersions lookAtRollbacks'],
  }),
  RestartVersion: step(workflow.RestartVersion, restartVersion, {
    ports: ['registry', 'platforms', 'clock', 'captureKeys', 'provisioningSeconds'],
    timeoutSeconds: 115,
    grants: ['registry listVersions fence makeCaptureKeys', MAKE_FUNCTIONS],
    containerGrants: [MAKE_CONTAINERS, MAKE_SERVICES, MAKE_HOSTED],
  }),
  AdmitUndeploy: step(workflow.AdmitUndeploy, admitUndeploy, {
    ports: ['registry', 'executions'],
    timeoutSeconds: 55,
    grants: ['registry lookAtUndeploys'],
  }),
  RemoveRoute: step(workflow.RemoveRoute, removeRoute, {
    ports: ['registry', 'router', 'platforms', 'clock'],
    timeoutSeconds: 115,
    grants: ['registry listVersions fence', ...REMOVE_ROUTE],
    containerGrants: [READ_CONTAINERS, 'readRules removeRules'],
  }),
  RetireAll: step(workflow.RetireAll, retireAll, {
    ports: ['registry', 'platforms', 'captureKeys'],
    timeoutSeconds: 290,
    grants: [
      'registry listVersions fence listFunctions findVersions removeCaptureKeys',
      REMOVE_FUNCTIONS,
    ],
    containerGrants: [
      READ_CONTAINERS,
      'readRules',
      STOP_CONTAINERS,
      'removeClusters listContainers',
    ],
  }),
} as const satisfies Readonly<Record<StepName, Step>>;

function step<Input, Output, Port extends keyof StepPorts>(
  schemas: { readonly input: z.ZodMiniType<Input>; readonly output: z.ZodMiniType<Output> },
  run: (ports: Pick<StepPorts, Port>) => (input: Input) => Promise<Output>,
  row: Row<Port>,
): Step {
  return { ...row, handler: (ports) => parsed(schemas.input, run(ports)) };
}

/** A step as the task of its state, which parses the workflow's input. */
export function parsed<Input>(
  schema: z.ZodMiniType<Input>,
  run: (input: Input) => Promise<unknown>,
): StepHandler {
  return async (payload) => {
    const input = schema.safeParse(payload);
    if (!input.success) {
      throw new Failure('InputInvalid', `the step's input is wrong: ${input.error.message}`);
    }
    return run(input.data);
  };
}
