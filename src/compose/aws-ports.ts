import { setTimeout as sleep } from 'node:timers/promises';
import { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { apiLease } from '#adapters/aws/api-lease.ts';
import { dynamoFindKey } from '#adapters/aws/authorizer-keys.ts';
import { cloudWatchBuildLog } from '#adapters/aws/cloudwatch-build-log.ts';
import { cloudWatchMetrics } from '#adapters/aws/cloudwatch-metrics.ts';
import { cloudWatchModelLogs } from '#adapters/aws/cloudwatch-model-logs.ts';
import { dynamoRegistry } from '#adapters/aws/dynamo-registry.ts';
import { eventBridgeBus } from '#adapters/aws/event-bridge-bus.ts';
import { lambdaPlatform } from '#adapters/aws/lambda-platform.ts';
import { lambdaProber } from '#adapters/aws/lambda-prober.ts';
import { restApiRouter } from '#adapters/aws/rest-api-router.ts';
import { s3ArtifactStore } from '#adapters/aws/s3-artifact-store.ts';
import { stepFunctionsExecutions } from '#adapters/aws/step-functions-executions.ts';
import { type Environment, settings } from './aws-settings.ts';

// One function for each port, so that a bundle holds the clients of its step and no other.

export const clock = { now: Date.now };

/** One client of a service in a function, however many ports use it: each has connections of its own. */
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

// A step that waits for a server that starts is cut short by its own time limit before the server is.
const START_LOOK_MS = 30_000;

export function registryOf(environment: Environment) {
  const { TABLE: table } = settings(environment, 'TABLE');
  return dynamoRegistry({ client: dynamoClient(), table, clock });
}

export function artifactsOf(environment: Environment) {
  const { BUCKET: bucket } = settings(environment, 'BUCKET');
  return s3ArtifactStore({ client: new S3Client(), bucket });
}

export function executionsOf(environment: Environment) {
  const { STATE_MACHINE: stateMachineArn } = settings(environment, 'STATE_MACHINE');
  return stepFunctionsExecutions({ client: new SFNClient(), stateMachineArn });
}

export function buildLogOf() {
  return cloudWatchBuildLog({ client: logsClient() });
}

export function busOf(environment: Environment) {
  const { BUS: bus } = settings(environment, 'BUS');
  return eventBridgeBus({ client: new EventBridgeClient(), bus });
}

export function platformOf(environment: Environment) {
  const set = settings(
    environment,
    'STAGE',
    'FUNCTION_PREFIX',
    'REPOSITORY',
    'MODEL_ROLE',
    'MODEL_SUBNETS',
    'MODEL_SECURITY_GROUP',
    'MODEL_LOG_GROUP',
    'API_STAGE',
  );
  const logs = logsClient();
  return lambdaPlatform({
    ...{ clock, sleep, startLookMs: START_LOOK_MS, apiStage: set.API_STAGE },
    lambda: lambdaClient(),
    logs: cloudWatchModelLogs({ logs, group: set.MODEL_LOG_GROUP, clock }),
    functions: {
      stage: set.STAGE,
      prefix: set.FUNCTION_PREFIX,
      repository: set.REPOSITORY,
      role: set.MODEL_ROLE,
      subnets: set.MODEL_SUBNETS.split(','),
      securityGroup: set.MODEL_SECURITY_GROUP,
      logGroup: set.MODEL_LOG_GROUP,
    },
  });
}

export function routerOf(environment: Environment) {
  const set = settings(
    environment,
    'TABLE',
    'FUNCTION_PREFIX',
    'API',
    'API_STAGE',
    'MODELS_RESOURCE',
    'AUTHORIZER',
  );
  const dynamo = dynamoClient();
  return restApiRouter({
    lambda: lambdaClient(),
    apiGateway: new APIGatewayClient(),
    lease: apiLease({ clock, sleep, dynamo, table: set.TABLE, api: set.API }),
    api: {
      id: set.API,
      stage: set.API_STAGE,
      modelsResource: set.MODELS_RESOURCE,
      authorizer: set.AUTHORIZER,
    },
    functionPrefix: set.FUNCTION_PREFIX,
  });
}

export function proberOf(environment: Environment) {
  const set = settings(environment, 'FUNCTION_PREFIX', 'API_STAGE');
  return lambdaProber({
    lambda: lambdaClient(),
    functionPrefix: set.FUNCTION_PREFIX,
    apiStage: set.API_STAGE,
  });
}

export function metricsOf(environment: Environment) {
  const { FUNCTION_PREFIX: functionPrefix } = settings(environment, 'FUNCTION_PREFIX');
  const lambda = lambdaClient();
  return cloudWatchMetrics({
    ...{ clock, functionPrefix, lambda },
    cloudWatch: new CloudWatchClient(),
  });
}

export function findKeyOf(environment: Environment) {
  const { TABLE: table } = settings(environment, 'TABLE');
  return dynamoFindKey(dynamoClient(), table);
}
