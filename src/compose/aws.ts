import { createHash } from 'node:crypto';
import { authorizer } from '#adapters/aws/keys/authorizer.ts';
import { BASE_IMAGES, byRuntime, RUNTIMES, type RuntimeName } from '#domain/build/runtime.ts';
import type { Trust } from '#domain/promotion/signed-release.ts';
import { AWS_SHIFTS } from '#domain/rollout/plan-shift.ts';
import { trustedSigners } from '#operations/signing/release-signing.ts';
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
import { compensate } from '#steps/compensate.ts';
import { describeCandidate } from '#steps/describe-candidate.ts';
import { explainBuild } from '#steps/explain-build.ts';
import { grantBuild } from '#steps/grant-build.ts';
import { judgeBake } from '#steps/judge-bake.ts';
import { planBuild } from '#steps/plan-build.ts';
import { provisionEc2 } from '#steps/provision-ec2.ts';
import { provisionFargate } from '#steps/provision-fargate.ts';
import { provisionLambda } from '#steps/provision-lambda.ts';
import { publishEvents } from '#steps/publish-events.ts';
import { MOST_ATTEMPTS } from '#steps/recover.ts';
import { releaseLease } from '#steps/release-lease.ts';
import { removeRoute } from '#steps/remove-route.ts';
import { restartVersion } from '#steps/restart-version.ts';
import { retireAll } from '#steps/retire-all.ts';
import { retirePrevious } from '#steps/retire-previous.ts';
import { rollBack } from '#steps/roll-back.ts';
import { shiftTraffic } from '#steps/shift-traffic.ts';
import { recoverEnded, sweep } from '#steps/sweep.ts';
import { touchKept } from '#steps/sweep-touch.ts';
import { verifyTraffic } from '#steps/verify-traffic.ts';
import {
  accountLimitsOf,
  artifactsOf,
  buildLogOf,
  busOf,
  capsOf,
  clock,
  codeBuildsOf,
  containerPlatformOf,
  environmentsOf,
  executionsOf,
  findKeyOf,
  gpusOf,
  lambdaPlatformOf,
  metricsOf,
  modelImagesOf,
  offeredBy,
  ownImagesOf,
  PROVISIONING_SECONDS,
  platformsOf,
  proberOf,
  registryOf,
  releasedImagesOf,
  routerOf,
  settleStageOf,
} from './aws-ports.ts';
import { type Environment, settings } from './aws-settings.ts';

// One wiring per function, so that its bundle holds only its step and that step's clients.

// After a move between Lambda and containers, the previous side stays intact for a quarter of an hour.
const CROSSING_DRAIN_SECONDS = 900;

export const admitDeploymentOnAws = (env: Environment) =>
  admitDeployment({
    registry: registryOf(env),
    artifacts: artifactsOf(env),
    executions: executionsOf(env),
    clock,
  });

export const admitPromotionOnAws = (env: Environment) =>
  admitPromotion({
    registry: registryOf(env),
    executions: executionsOf(env),
    artifacts: artifactsOf(env),
    images: releasedImagesOf(env),
    engine: 'image',
    requireApproval: settings(env, 'REQUIRE_APPROVAL').REQUIRE_APPROVAL === 'true',
    trust: trustOf(env),
    clock,
  });

function trustOf(env: Environment): Trust {
  const { BUCKET: here, TRUSTED_SIGNERS: list } = settings(env, 'BUCKET', 'TRUSTED_SIGNERS');
  return { here, signers: trustedSigners(list === 'none' ? '' : list) };
}

export const awaitApprovalOnAws = (env: Environment) =>
  awaitApproval({ registry: registryOf(env), clock });

export const admitRollbackOnAws = (env: Environment) =>
  admitRollback({ registry: registryOf(env), executions: executionsOf(env) });

export const admitUndeployOnAws = (env: Environment) =>
  admitUndeploy({ registry: registryOf(env), executions: executionsOf(env) });

export const acquireLeaseOnAws = (env: Environment) =>
  acquireLease({
    registry: registryOf(env),
    executions: executionsOf(env),
    builds: codeBuildsOf(env),
    clock,
  });

const buildsOf = (env: Environment) => {
  // One source builds all environments, so one hash names all runtimes.
  const { ENVIRONMENT_HASH: hash } = settings(env, 'ENVIRONMENT_HASH');
  const baseImages = settings(env, ...BASE_IMAGES);
  const hashOf = (name: RuntimeName) => {
    const { base } = RUNTIMES[name].image;
    return base ? `${hash}-${shortHash(baseImages[base.setting] ?? '')}` : hash;
  };
  return {
    registry: registryOf(env),
    artifacts: artifactsOf(env),
    hashes: byRuntime(hashOf),
    engine: 'image',
    gpus: gpusOf(env),
    // Each model is loaded in a container of its own.
    unwalled: null,
  } as const;
};

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

export const planBuildOnAws = (env: Environment) =>
  planBuild({
    ...buildsOf(env),
    environments: environmentsOf(env),
    ownImages: ownImagesOf(env),
    freeBytes: null,
    mostMachine: settings(env, 'BUILD_COMPUTE').BUILD_COMPUTE,
  });

export const grantBuildOnAws = (env: Environment) => grantBuild(buildsOf(env));

export const explainBuildOnAws = (env: Environment) =>
  explainBuild({
    registry: registryOf(env),
    buildLog: buildLogOf(),
    builds: codeBuildsOf(env),
  });

export const chooseTargetOnAws = (env: Environment) =>
  chooseTarget({
    registry: registryOf(env),
    accountLimits: accountLimitsOf(env),
    clock,
    offered: offeredBy(env),
    caps: capsOf(env),
  });

export const awaitContainersOnAws = (env: Environment) =>
  awaitContainers({ registry: registryOf(env), offered: offeredBy(env), clock });

export const provisionLambdaOnAws = (env: Environment) =>
  provisionLambda({
    registry: registryOf(env),
    platforms: { lambda: lambdaPlatformOf(env) },
    clock,
    provisioningSeconds: PROVISIONING_SECONDS,
  });

export const provisionFargateOnAws = (env: Environment) =>
  provisionFargate({
    registry: registryOf(env),
    platforms: { fargate: containerPlatformOf(env, 'fargate') },
    clock,
    provisioningSeconds: PROVISIONING_SECONDS,
  });

export const provisionEc2OnAws = (env: Environment) =>
  provisionEc2({
    registry: registryOf(env),
    platforms: { ec2: containerPlatformOf(env, 'ec2') },
    clock,
    provisioningSeconds: PROVISIONING_SECONDS,
  });

export const restartVersionOnAws = (env: Environment) =>
  restartVersion({
    registry: registryOf(env),
    platforms: platformsOf(env),
    clock,
    provisioningSeconds: PROVISIONING_SECONDS,
  });

export const describeCandidateOnAws = (env: Environment) =>
  describeCandidate({ registry: registryOf(env), platforms: platformsOf(env), clock, waitMs: 0 });

export const checkHealthOnAws = (env: Environment) =>
  checkHealth({ registry: registryOf(env), router: routerOf(env), prober: proberOf(env), clock });

export const shiftTrafficOnAws = (env: Environment) =>
  shiftTraffic({
    registry: registryOf(env),
    router: routerOf(env),
    clock,
    shifts: { ...AWS_SHIFTS, bakeSeconds: Number(settings(env, 'BAKE_SECONDS').BAKE_SECONDS) },
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
  commitDeployment({
    registry: registryOf(env),
    platforms: platformsOf(env),
    crossingDrainSeconds: CROSSING_DRAIN_SECONDS,
  });

export const retirePreviousOnAws = (env: Environment) =>
  retirePrevious({ registry: registryOf(env), router: routerOf(env), platforms: platformsOf(env) });

export const rollBackOnAws = (env: Environment) =>
  rollBack({ registry: registryOf(env), router: routerOf(env), prober: proberOf(env) });

export const compensateOnAws = (env: Environment) =>
  compensate({ registry: registryOf(env), router: routerOf(env), platforms: platformsOf(env) });

export const removeRouteOnAws = (env: Environment) =>
  removeRoute({
    registry: registryOf(env),
    router: routerOf(env),
    platforms: platformsOf(env),
    clock,
  });

export const retireAllOnAws = (env: Environment) =>
  retireAll({ registry: registryOf(env), platforms: platformsOf(env) });

export const releaseLeaseOnAws = (env: Environment) => releaseLease({ registry: registryOf(env) });

export const publishEventsOnAws = (env: Environment) =>
  publishEvents({ registry: registryOf(env), bus: busOf(env) });

// An S3 event takes seconds, sometimes more than a minute, and Step Functions' description of an execution is eventually consistent.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html, https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
const GRACE_MS = 5 * 60_000;

/** The kinds of sweep: everything, the execution that has just ended, and the resources that AWS puts to sleep. */
export const sweepOnAws = (env: Environment) => {
  const registry = registryOf(env);
  const executions = executionsOf(env);
  const router = routerOf(env);
  return {
    all: sweep({
      registry,
      executions,
      router,
      clock,
      artifacts: artifactsOf(env),
      platforms: platformsOf(env),
      images: modelImagesOf(env),
      // A lifecycle rule of their repository expires them.
      unusedEnvironments: null,
      bucket: settings(env, 'BUCKET').BUCKET,
      offered: offeredBy(env),
      mostAttempts: MOST_ATTEMPTS,
      executionGraceMs: GRACE_MS,
      uploadGraceMs: GRACE_MS,
      settleFront: settleStageOf(env),
    }),
    ended: recoverEnded({ registry, executions, mostAttempts: MOST_ATTEMPTS }),
    touch: touchKept({ registry, router, prober: proberOf(env), offered: offeredBy(env) }),
  };
};

export const authorizeOnAws = (env: Environment) => authorizer({ find: findKeyOf(env) });
