import { authorizer } from '#adapters/aws/authorizer.ts';
import { acquireLease } from '#steps/acquire-lease.ts';
import { admitDeployment } from '#steps/admit-deployment.ts';
import { checkHealth } from '#steps/check-health.ts';
import { chooseTarget } from '#steps/choose-target.ts';
import { commitDeployment } from '#steps/commit-deployment.ts';
import { compensate } from '#steps/compensate.ts';
import { describeCandidate } from '#steps/describe-candidate.ts';
import { explainBuild } from '#steps/explain-build.ts';
import { judgeBake } from '#steps/judge-bake.ts';
import { planBuild } from '#steps/plan-build.ts';
import { provisionLambda } from '#steps/provision-lambda.ts';
import { publishEvents } from '#steps/publish-events.ts';
import { releaseLease } from '#steps/release-lease.ts';
import { retirePrevious } from '#steps/retire-previous.ts';
import { rollBack } from '#steps/roll-back.ts';
import { settle } from '#steps/settle.ts';
import { shiftTraffic } from '#steps/shift-traffic.ts';
import { settleEnded, sweep } from '#steps/sweep.ts';
import { verifyTraffic } from '#steps/verify-traffic.ts';
import {
  artifactsOf,
  buildLogOf,
  busOf,
  clock,
  executionsOf,
  findKeyOf,
  metricsOf,
  platformOf,
  proberOf,
  registryOf,
  routerOf,
} from './aws-ports.ts';
import { type Environment, settings } from './aws-settings.ts';

// A wiring for each function, so that its bundle holds its step and that step's clients alone.

// Lambda unpacks and checks an image before the first server starts: seconds, minutes for the largest.
const PROVISIONING_SECONDS = 300;

export const admitDeploymentOnAws = (env: Environment) =>
  admitDeployment({
    registry: registryOf(env),
    artifacts: artifactsOf(env),
    executions: executionsOf(env),
    clock,
  });

export const acquireLeaseOnAws = (env: Environment) =>
  acquireLease({ registry: registryOf(env), executions: executionsOf(env), clock });

export const planBuildOnAws = (env: Environment) =>
  planBuild({
    registry: registryOf(env),
    artifacts: artifactsOf(env),
    environmentHash: settings(env, 'ENVIRONMENT_HASH').ENVIRONMENT_HASH,
    engine: 'image',
  });

export const explainBuildOnAws = (env: Environment) =>
  explainBuild({ registry: registryOf(env), buildLog: buildLogOf() });

export const chooseTargetOnAws = (env: Environment) => chooseTarget({ registry: registryOf(env) });

export const provisionLambdaOnAws = (env: Environment) =>
  provisionLambda({
    registry: registryOf(env),
    lambda: platformOf(env),
    clock,
    provisioningSeconds: PROVISIONING_SECONDS,
  });

export const describeCandidateOnAws = (env: Environment) =>
  describeCandidate({ registry: registryOf(env), lambda: platformOf(env), clock, waitMs: 0 });

export const checkHealthOnAws = (env: Environment) =>
  checkHealth({ registry: registryOf(env), router: routerOf(env), prober: proberOf(env) });

export const shiftTrafficOnAws = (env: Environment) =>
  shiftTraffic({
    registry: registryOf(env),
    router: routerOf(env),
    clock,
    bakeSeconds: Number(settings(env, 'BAKE_SECONDS').BAKE_SECONDS),
  });

export const verifyTrafficOnAws = (env: Environment) =>
  verifyTraffic({
    registry: registryOf(env),
    router: routerOf(env),
    prober: proberOf(env),
    clock,
  });

export const judgeBakeOnAws = (env: Environment) =>
  judgeBake({
    registry: registryOf(env),
    router: routerOf(env),
    prober: proberOf(env),
    metrics: metricsOf(env),
    clock,
  });

export const commitDeploymentOnAws = (env: Environment) =>
  commitDeployment({ registry: registryOf(env), lambda: platformOf(env) });

export const retirePreviousOnAws = (env: Environment) =>
  retirePrevious({ registry: registryOf(env), router: routerOf(env), lambda: platformOf(env) });

export const rollBackOnAws = (env: Environment) =>
  rollBack({ registry: registryOf(env), router: routerOf(env), prober: proberOf(env) });

export const compensateOnAws = (env: Environment) =>
  compensate({ registry: registryOf(env), router: routerOf(env), lambda: platformOf(env) });

export const releaseLeaseOnAws = (env: Environment) => releaseLease({ registry: registryOf(env) });

export const publishEventsOnAws = (env: Environment) =>
  publishEvents({ registry: registryOf(env), bus: busOf(env) });

/** Both looks of the sweep: at everything, and at the execution that has just ended. */
export const sweepOnAws = (env: Environment) => {
  const registry = registryOf(env);
  const artifacts = artifactsOf(env);
  const executions = executionsOf(env);
  const ending = { registry, executions, settle: settle({ registry, artifacts }) };
  return {
    all: sweep({ ...ending, artifacts, clock, bucket: settings(env, 'BUCKET').BUCKET }),
    ended: settleEnded(ending),
  };
};

export const authorizeOnAws = (env: Environment) => authorizer({ find: findKeyOf(env) });
