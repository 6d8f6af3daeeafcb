import {
  APIGatewayClient,
  CreateAuthorizerCommand,
  GetResourcesCommand,
  GetStageCommand,
} from '@aws-sdk/client-api-gateway';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateFunctionCommand,
  GetAliasCommand,
  GetFunctionCommand,
  GetPolicyCommand,
  LambdaClient,
  PublishVersionCommand,
} from '@aws-sdk/client-lambda';
import { apiLease } from '#adapters/aws/api/api-lease.ts';
import { routeRecords } from '#adapters/aws/api/route-records.ts';
import { dynamoFence } from '#adapters/aws/registry/fence.ts';
import { restApiRouter } from '#adapters/aws/routes/rest-api-router.ts';
import type { Router } from '#ports/router.ts';
import { awsClient } from '../aws/clients.ts';
import { fakeClock } from '../clock/fake-clock.ts';
import type { DeployedStack } from './deploy.ts';
import type { Endpoint } from './parts.ts';

const MODEL = 'shapes';

/** A model as it is made at run time, by the router itself: a function with a version, an alias, a route, a deployment of the API. */
export async function makeModel(aws: Endpoint, stack: DeployedStack): Promise<void> {
  const { outputs } = stack;
  const lambda = awsClient(LambdaClient, aws);
  const apiGateway = awsClient(APIGatewayClient, aws);
  const FunctionName = functionOf(outputs);
  const Code = { ImageUri: outputs['Repository'] };
  const made = { FunctionName, Code, Role: outputs['ModelRole'], PackageType: 'Image' } as const;
  await lambda.send(new CreateFunctionCommand(made));
  await lambda.send(new PublishVersionCommand({ FunctionName, Description: `${MODEL}-v1` }));
  // The stack's own is one of the things that moto does not make.
  const { id: authorizer = '' } = await apiGateway.send(
    new CreateAuthorizerCommand({
      restApiId: outputs['Api'],
      name: 'a',
      type: 'REQUEST',
      authorizerUri: 'a',
    }),
  );
  const router = stackRouter(aws, stack, authorizer);
  await router.setShares(MODEL, { [`${MODEL}-v1`]: 100 }, {}, 1);
}

/** The router of a stack without containers, in virtual time: to sleep is to move the clock. */
export function stackRouter(
  aws: Endpoint,
  { outputs }: DeployedStack,
  authorizer = outputs['Authorizer'] ?? '',
): Router {
  const { Api = '', Table = '', ModelsResource = '', FunctionPrefix = '' } = outputs;
  const clock = fakeClock(Date.now());
  const sleep = async (ms: number) => clock.advance(ms);
  const dynamo = awsClient(DynamoDBClient, aws);
  return restApiRouter({
    clock,
    containers: null,
    functionPrefix: FunctionPrefix,
    lambda: awsClient(LambdaClient, aws),
    apiGateway: awsClient(APIGatewayClient, aws),
    cloudWatch: awsClient(CloudWatchClient, aws),
    lease: apiLease({ clock, sleep, dynamo, table: Table, api: Api }),
    fence: dynamoFence({ client: dynamo, table: Table }),
    records: routeRecords({ dynamo, table: Table, api: Api }),
    api: { id: Api, stage: 'v1', modelsResource: ModelsResource, authorizer, corsOrigins: [] },
  });
}

/** All that a model has at run time, and that no stack update may touch. */
export async function modelState(aws: Endpoint, { outputs }: DeployedStack) {
  const lambda = awsClient(LambdaClient, aws);
  const apiGateway = awsClient(APIGatewayClient, aws);
  const FunctionName = functionOf(outputs);
  const restApiId = outputs['Api'];
  const live = { FunctionName, Name: 'live' };
  const { items = [] } = await apiGateway.send(
    new GetResourcesCommand({ restApiId, embed: ['methods'], limit: 500 }),
  );
  const { Configuration, Code } = await lambda.send(new GetFunctionCommand({ FunctionName }));
  const { $metadata: _, ...alias } = await lambda.send(new GetAliasCommand(live));
  const permission = await lambda.send(new GetPolicyCommand({ FunctionName, Qualifier: 'live' }));
  return {
    alias,
    configuration: Configuration,
    code: Code,
    policy: permission.Policy,
    routes: items.filter(({ path }) => path?.startsWith('/models')),
  };
}

/** The stage's deployment, and the code of one of the stack's own functions. */
export async function stackState(aws: Endpoint, { outputs }: DeployedStack) {
  const stage = { restApiId: outputs['Api'], stageName: 'v1' };
  const { deploymentId } = await awsClient(APIGatewayClient, aws).send(new GetStageCommand(stage));
  const own = new GetFunctionCommand({ FunctionName: 'slipway-test-authorize' });
  const { Configuration } = await awsClient(LambdaClient, aws).send(own);
  return { deploymentId, code: Configuration?.CodeSha256 };
}

function functionOf(outputs: DeployedStack['outputs']): string {
  return `${outputs['FunctionPrefix']}${MODEL}`;
}
