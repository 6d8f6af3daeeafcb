import { setTimeout as sleep } from 'node:timers/promises';
import { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ECRClient } from '@aws-sdk/client-ecr';
import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SSMClient } from '@aws-sdk/client-ssm';
import { apiLease } from '#adapters/aws/api/api-lease.ts';
import { routeRecords } from '#adapters/aws/api/route-records.ts';
import { cloudWatchKeptLines } from '#adapters/aws/capture/cloudwatch-kept-lines.ts';
import { ssmCaptureKeys } from '#adapters/aws/capture/ssm-capture-keys.ts';
import { codeBuilds } from '#adapters/aws/code-builds.ts';
import { cloudWatchTaskLogs } from '#adapters/aws/ecs/cloudwatch-task-logs.ts';
import { ec2Vcpus, fargateVcpus } from '#adapters/aws/ecs/container-vcpus.ts';
import { frontDoorProbes } from '#adapters/aws/ecs/front-door-prober.ts';
import { ecsPlatform } from '#adapters/aws/ecs/platform.ts';
import { setServiceCeiling } from '#adapters/aws/ecs/service-ceiling.ts';
import { withoutContainers } from '#adapters/aws/ecs/without-containers.ts';
import { eventBridgeBus } from '#adapters/aws/event-bridge-bus.ts';
import { dynamoFindKey } from '#adapters/aws/keys/authorizer-keys.ts';
import { setFunctionCeiling } from '#adapters/aws/lambda/function-ceiling.ts';
import { functionConcurrency } from '#adapters/aws/lambda/function-concurrency.ts';
import { lambdaPlatform } from '#adapters/aws/lambda/lambda-platform.ts';
import { lambdaProbes } from '#adapters/aws/lambda/lambda-prober.ts';
import { cloudWatchBuildLog } from '#adapters/aws/logs/cloudwatch-build-log.ts';
import { cloudWatchModelLogs } from '#adapters/aws/logs/cloudwatch-model-logs.ts';
import { cloudWatchDemand } from '#adapters/aws/metrics/cloudwatch-demand.ts';
import { cloudWatchMetrics } from '#adapters/aws/metrics/cloudwatch-metrics.ts';
import { dynamoAccountLimits } from '#adapters/aws/registry/dynamo-account-limits.ts';
import { dynamoPrices } from '#adapters/aws/registry/dynamo-prices.ts';
import { dynamoRegistry } from '#adapters/aws/registry/dynamo-registry.ts';
import { dynamoFence } from '#adapters/aws/registry/fence.ts';
import { dynamoProbeCounts } from '#adapters/aws/registry/probe-counts.ts';
import { awsProber } from '#adapters/aws/routes/aws-prober.ts';
import {
  type RestApiRouterOptions,
  restApiRouter,
  routesOf,
} from '#adapters/aws/routes/rest-api-router.ts';
import { settleStage } from '#adapters/aws/routes/stage-settings.ts';
import { stepFunctionsExecutions } from '#adapters/aws/step-functions-executions.ts';
import { ecrEnvironments } from '#adapters/aws/store/ecr-environments.ts';
import { ecrModelImages, ecrTaggedImages } from '#adapters/aws/store/ecr-model-images.ts';
import { s3ArtifactStore } from '#adapters/aws/store/s3-artifact-store.ts';
import { keptRequests } from '#adapters/capture/kept-requests.ts';
import { systemClock } from '#adapters/clocks.ts';
import { OWN_IMAGES, type OwnImages } from '#domain/build/own-image.ts';
import { BASE_IMAGES } from '#domain/build/runtime.ts';
import { originsIn } from '#domain/cors.ts';
import type { Caps } from '#domain/placement/caps.ts';
import type { Gpus } from '#domain/placement/gpu-need.ts';
import { TARGETS, type Target } from '#domain/placement/target.ts';
import type { Ceilings } from '#ports/ceilings.ts';
import type { Platform, Platforms } from '#ports/platform.ts';
import { type Environment, settings } from './aws-settings.ts';

// One function per port, so that a bundle holds only the clients of its step.

export const clock = systemClock;

/** One client per service in a function, however many ports use it: each client has its own connections. */
function once<Client>(make: () => Client): () => Client {
  let made: Client | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

const dynamoClient = /* @__PURE__ */ once(() => new DynamoDBClient());
const lambdaClient = /* @__PURE__ */ once(() => new LambdaClient());
const logsClient = /* @__PURE__ */ once(() => new CloudWatchLogsClient());
const cloudWatchClient = /* @__PURE__ */ once(() => new CloudWatchClient());
const elbClient = /* @__PURE__ */ once(() => new ElasticLoadBalancingV2Client());
const ecsClient = /* @__PURE__ */ once(() => new ECSClient());
const autoScalingClient = /* @__PURE__ */ once(() => new ApplicationAutoScalingClient());

/**
 * How long (seconds) a target may take before the model begins to load: Lambda unpacks and checks the image, Fargate pulls it, and ECS finds an instance first.
 * Seconds to minutes each; the largest images take minutes.
 */
export const PROVISIONING_SECONDS = { lambda: 300, fargate: 600, ec2: 1200 } as const;

// Waits for a starting server, below the step's own time limit.
const START_LOOK_MS = 30_000;

export function registryOf(environment: Environment) {
  const { TABLE: table } = settings(environment, 'TABLE');
  return dynamoRegistry({ client: dynamoClient(), table, clock });
}

export function startsOf(environment: Environment) {
  return registryOf(environment).starts;
}

export function captureKeysOf(environment: Environment) {
  const { STAGE: stage } = settings(environment, 'STAGE');
  return ssmCaptureKeys({ client: new SSMClient(), stage });
}

export function keptRequestsOf(environment: Environment) {
  const { MODEL_LOG_GROUP: group } = settings(environment, 'MODEL_LOG_GROUP');
  const lines = cloudWatchKeptLines({ logs: logsClient(), group, clock });
  return keptRequests({ lines, keys: captureKeysOf(environment), clock });
}

export function artifactsOf(environment: Environment) {
  const { BUCKET: bucket } = settings(environment, 'BUCKET');
  return s3ArtifactStore({ client: new S3Client(), bucket });
}

export function environmentsOf(environment: Environment) {
  const { ENVIRONMENTS: repository } = settings(environment, 'ENVIRONMENTS');
  return ecrEnvironments({ client: new ECRClient(), repository });
}

export function modelImagesOf(environment: Environment) {
  const set = settings(environment, 'REPOSITORY', 'FUNCTION_PREFIX');
  return ecrModelImages({
    client: new ECRClient(),
    lambda: lambdaClient(),
    repository: set.REPOSITORY,
    functionPrefix: set.FUNCTION_PREFIX,
  });
}

/** Where AdmitPromotion looks for a promoted version's image. */
export function releasedImagesOf(environment: Environment) {
  const { REPOSITORY: repository } = settings(environment, 'REPOSITORY');
  return ecrTaggedImages({ client: new ECRClient(), repository });
}

export function executionsOf(environment: Environment) {
  const set = settings(
    environment,
    'STATE_MACHINE',
    'PROMOTE_WORKFLOW',
    'ROLLBACK_WORKFLOW',
    'UNDEPLOY_WORKFLOW',
  );
  return stepFunctionsExecutions({
    client: new SFNClient(),
    stateMachineArns: {
      deploy: set.STATE_MACHINE,
      promote: set.PROMOTE_WORKFLOW,
      rollback: set.ROLLBACK_WORKFLOW,
      undeploy: set.UNDEPLOY_WORKFLOW,
    },
  });
}

export function buildLogOf() {
  return cloudWatchBuildLog({ client: logsClient() });
}

export function codeBuildsOf(environment: Environment) {
  const { STAGE: stage } = settings(environment, 'STAGE');
  return codeBuilds({ client: new CodeBuildClient(), stage });
}

export function busOf(environment: Environment) {
  const { BUS: bus } = settings(environment, 'BUS');
  return eventBridgeBus({ client: new EventBridgeClient(), bus });
}

/** Checks that a change carries the epoch of the current lease. */
function fenceOf(environment: Environment) {
  const { TABLE: table } = settings(environment, 'TABLE');
  return dynamoFence({ client: dynamoClient(), table });
}

export function accountLimitsOf(environment: Environment) {
  const { TABLE: table } = settings(environment, 'TABLE');
  return dynamoAccountLimits({ client: dynamoClient(), table, clock });
}

export function pricesOf(environment: Environment) {
  const { TABLE: table } = settings(environment, 'TABLE');
  return dynamoPrices(dynamoClient(), table);
}

export function lambdaPlatformOf(environment: Environment): Platform {
  const set = settings(
    environment,
    'STAGE',
    'TEAM',
    'FUNCTION_PREFIX',
    'REPOSITORY',
    'MODEL_ROLE',
    'MODEL_SUBNETS',
    'MODEL_SECURITY_GROUP',
    'MODEL_LOG_GROUP',
    'API_STAGE',
    'CORS_ORIGINS',
  );
  const logs = logsClient();
  return lambdaPlatform({
    clock,
    sleep,
    startLookMs: START_LOOK_MS,
    apiStage: set.API_STAGE,
    lambda: lambdaClient(),
    logs: cloudWatchModelLogs({ logs, group: set.MODEL_LOG_GROUP, clock }),
    fence: fenceOf(environment),
    accountLimits: accountLimitsOf(environment),
    functions: {
      stage: set.STAGE,
      team: set.TEAM,
      prefix: set.FUNCTION_PREFIX,
      repository: set.REPOSITORY,
      role: set.MODEL_ROLE,
      subnets: set.MODEL_SUBNETS.split(','),
      securityGroup: set.MODEL_SECURITY_GROUP,
      logGroup: set.MODEL_LOG_GROUP,
      corsOrigins: originsIn(set.CORS_ORIGINS),
    },
  });
}

/** The targets that the stack was deployed with. */
export function offeredBy(environment: Environment): readonly Target[] {
  return hasContainers(environment) ? TARGETS : ['lambda'];
}

/** The GPUs of this stack, which are chosen only for models with an image to serve them. */
export function gpusOf(environment: Environment): Gpus {
  const { ALLOWED_ACCELERATORS } = settings(environment, 'ALLOWED_ACCELERATORS');
  const named = Object.entries(settings(environment, ...BASE_IMAGES));
  const baseImages = Object.fromEntries(named.filter(([, image]) => image !== 'none'));
  const isServed = Object.keys(baseImages).length > 0;
  // Whether there are containers yet is no matter: a model that needs one waits for it.
  return { areChosen: isServed && ALLOWED_ACCELERATORS !== 'none', baseImages };
}

/** Gives the API's stage its log, tracing and throttle, and its routes their preflights; answers the stage where it lacked some. */
export function settleFrontOf(environment: Environment): () => Promise<string | undefined> {
  const set = settings(environment, 'REQUESTS_PER_SECOND', 'ACCESS_LOG');
  const wish = {
    requestsPerSecond: Number(set.REQUESTS_PER_SECOND),
    accessLog: set.ACCESS_LOG === 'off' ? null : set.ACCESS_LOG,
  };
  const options = routerOptions(environment);
  const routes = routesOf(options);
  return async () => {
    const hasOtherSettings = await settleStage(options.apiGateway, options.api, wish);
    const hasOtherPreflights = await routes.settlePreflights();
    const isChanged = hasOtherSettings || hasOtherPreflights;
    return isChanged ? `stage ${options.api.stage} of the API` : undefined;
  };
}

/** Which images of their owners' own the stack was deployed to allow. */
export function ownImagesOf(environment: Environment): OwnImages {
  const { OWN_IMAGES: set } = settings(environment, 'OWN_IMAGES');
  // A value that nobody knows allows nothing.
  return OWN_IMAGES.find((each) => each === set) ?? 'none';
}

/** How much one model may take in this stack. */
export function capsOf(environment: Environment): Caps {
  const set = settings(environment, 'MAX_REPLICAS', 'ALLOWED_ACCELERATORS', 'MAX_MONTHLY_USD');
  const { ALLOWED_ACCELERATORS: allowed, MAX_MONTHLY_USD: usd } = set;
  return {
    maxReplicas: Number(set.MAX_REPLICAS),
    allowedAccelerators: allowed === 'all' ? null : allowed === 'none' ? [] : allowed.split(','),
    maxMonthlyUsd: usd === 'unlimited' ? null : Number(usd),
  };
}

export function platformsOf(environment: Environment): Platforms {
  return {
    lambda: lambdaPlatformOf(environment),
    fargate: containerPlatformOf(environment, 'fargate'),
    ec2: containerPlatformOf(environment, 'ec2'),
  };
}

/** A function's ceiling is its reservation, that of containers on Fargate is set in their service. On EC2 nothing is metered, so nothing is limited. */
export function ceilingsOf(environment: Environment): Ceilings {
  const { FUNCTION_PREFIX, STAGE } = settings(environment, 'FUNCTION_PREFIX', 'STAGE');
  const lambda = lambdaClient();
  const clients = { ecs: ecsClient(), elb: elbClient(), autoScaling: autoScalingClient() };
  return {
    async set({ model, revision, target }, ceiling) {
      if (target === 'lambda') {
        return setFunctionCeiling(lambda, FUNCTION_PREFIX + model, ceiling.most);
      }
      if (target === 'ec2' || !hasContainers(environment)) return;
      const { CLUSTER: cluster } = settings(environment, 'CLUSTER');
      const capacity = { target, cluster, assignPublicIp: false };
      await setServiceCeiling(
        { ...clients, settings: { stage: STAGE, capacity } },
        revision,
        ceiling,
      );
    },
  };
}

export function containerPlatformOf(environment: Environment, target: 'fargate' | 'ec2'): Platform {
  if (!hasContainers(environment)) return withoutContainers;
  const set = settings(
    environment,
    'STAGE',
    'TEAM',
    'CONTAINERS',
    'API_STAGE',
    'REPOSITORY',
    'MODEL_LOG_GROUP',
    'LISTENER',
    'CLUSTER',
    'VPC',
    'CONTAINER_SUBNETS',
    'CONTAINER_SECURITY_GROUP',
    'EXECUTION_ROLE',
    'INFRASTRUCTURE_ROLE',
    'INSTANCE_PROFILE',
    'CORS_ORIGINS',
  );
  const capacity =
    target === 'fargate'
      ? { target, cluster: set.CLUSTER, assignPublicIp: set.CONTAINERS === 'public' }
      : {
          target,
          infrastructureRole: set.INFRASTRUCTURE_ROLE,
          instanceProfile: set.INSTANCE_PROFILE,
        };
  return ecsPlatform({
    clock,
    sleep,
    ecs: ecsClient(),
    elb: elbClient(),
    autoScaling: autoScalingClient(),
    logs: cloudWatchTaskLogs(logsClient(), set.MODEL_LOG_GROUP),
    fence: fenceOf(environment),
    settings: {
      stage: set.STAGE,
      team: set.TEAM,
      region: environment['AWS_REGION'] ?? '',
      repository: set.REPOSITORY,
      apiStage: set.API_STAGE,
      listener: set.LISTENER,
      vpc: set.VPC,
      subnets: set.CONTAINER_SUBNETS.split(','),
      securityGroup: set.CONTAINER_SECURITY_GROUP,
      executionRole: set.EXECUTION_ROLE,
      logGroup: set.MODEL_LOG_GROUP,
      corsOrigins: originsIn(set.CORS_ORIGINS),
      provisioningSeconds: PROVISIONING_SECONDS[target],
      capacity,
    },
  });
}

/** The settings for reaching the containers; null in a stack without containers. */
function containersOf(environment: Environment) {
  if (!hasContainers(environment)) return null;
  const set = settings(environment, 'STAGE', 'LISTENER', 'LOAD_BALANCER', 'VPC_LINK');
  const front = {
    stage: set.STAGE,
    listener: set.LISTENER,
    host: set.LOAD_BALANCER,
    vpcLink: set.VPC_LINK,
  };
  return { elb: elbClient(), front };
}

function routeRecordsOf(environment: Environment) {
  const set = settings(environment, 'TABLE', 'API');
  return routeRecords({ dynamo: dynamoClient(), table: set.TABLE, api: set.API });
}

export function routerOf(environment: Environment) {
  return restApiRouter(routerOptions(environment));
}

function routerOptions(environment: Environment): RestApiRouterOptions {
  const set = settings(
    environment,
    'TABLE',
    'FUNCTION_PREFIX',
    'API',
    'API_STAGE',
    'MODELS_RESOURCE',
    'AUTHORIZER',
    'CORS_ORIGINS',
  );
  return {
    lambda: lambdaClient(),
    apiGateway: new APIGatewayClient(),
    cloudWatch: cloudWatchClient(),
    lease: apiLease({ clock, sleep, dynamo: dynamoClient(), table: set.TABLE, api: set.API }),
    fence: fenceOf(environment),
    records: routeRecordsOf(environment),
    clock,
    api: {
      id: set.API,
      stage: set.API_STAGE,
      modelsResource: set.MODELS_RESOURCE,
      authorizer: set.AUTHORIZER,
      corsOrigins: originsIn(set.CORS_ORIGINS),
    },
    functionPrefix: set.FUNCTION_PREFIX,
    containers: containersOf(environment),
  };
}

export function proberOf(environment: Environment) {
  const set = settings(environment, 'FUNCTION_PREFIX', 'API_STAGE', 'API_URL');
  const lambda = lambdaClient();
  return awsProber({
    functions: lambdaProbes({
      lambda,
      functionPrefix: set.FUNCTION_PREFIX,
      apiStage: set.API_STAGE,
    }),
    containers: frontDoorProbes({ url: set.API_URL, identity: lambda.config }),
    records: routeRecordsOf(environment),
    counts: probeCountsOf(environment),
  });
}

/** How many executions at once the account's functions may have. */
export function functionConcurrencyOf() {
  return () => functionConcurrency(lambdaClient());
}

/** How many vCPUs at once the account's tasks on Fargate may have. */
export function fargateVcpusOf() {
  const quotas = new ServiceQuotasClient();
  return () => fargateVcpus(quotas);
}

/** How many vCPUs at once the account's instances without a GPU may have. */
export function ec2VcpusOf() {
  const quotas = new ServiceQuotasClient();
  return () => ec2Vcpus(quotas);
}

export function demandOf(environment: Environment) {
  const { FUNCTION_PREFIX: functionPrefix } = settings(environment, 'FUNCTION_PREFIX');
  return cloudWatchDemand({
    clock,
    functionPrefix,
    cloudWatch: cloudWatchClient(),
    containers: containersOf(environment),
    probes: probeCountsOf(environment),
  });
}

function probeCountsOf(environment: Environment) {
  const { TABLE: table } = settings(environment, 'TABLE');
  return dynamoProbeCounts({ client: dynamoClient(), table, clock });
}

export function metricsOf(environment: Environment) {
  const { FUNCTION_PREFIX: functionPrefix } = settings(environment, 'FUNCTION_PREFIX');
  const lambda = lambdaClient();
  return cloudWatchMetrics({
    clock,
    functionPrefix,
    lambda,
    cloudWatch: cloudWatchClient(),
    containers: containersOf(environment),
  });
}

export function findKeyOf(environment: Environment) {
  const { TABLE: table } = settings(environment, 'TABLE');
  return dynamoFindKey(dynamoClient(), table);
}

function hasContainers({ SLIPWAY_CONTAINERS = 'off' }: Environment): boolean {
  return SLIPWAY_CONTAINERS !== 'off';
}
