import { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import { apiLease } from '#adapters/aws/api-lease.ts';
import { restApiRouter } from '#adapters/aws/rest-api-router.ts';
import { awsClient } from './aws-clients.ts';
import { apiGatewayRules } from './aws-rules/apigateway.ts';
import { awsRules } from './aws-rules.ts';
import { dynamoWorld } from './dynamo-world.ts';
import { fakeClock } from './fake-clock.ts';
import { modelFunctionsWorld } from './model-functions-world.ts';
import type { Moto } from './moto.ts';
import { restApi } from './rest-api-world.ts';
import { scriptedServer } from './scripted-server.ts';

const HEALTHY = scriptedServer(() => (_request, response) => response.end('{}'));

type Clients = {
  readonly lambda?: LambdaClient;
  readonly apiGateway?: APIGatewayClient;
  readonly dynamo?: DynamoDBClient;
};

/** A router over moto in virtual time, with the functions of `digits` (three versions) and `words` (one), and no route. */
export async function restApiRouterWorld(moto: Moto) {
  const world = await modelFunctionsWorld(moto, HEALTHY);
  await world.publish('digits', ['digits-v1', 'digits-v2', 'digits-v3']);
  await world.publish('words', ['words-v1']);
  const clock = fakeClock(Date.now());
  const sleep = async (ms: number) => clock.advance(ms);
  const api = await restApi(moto);
  const apiRules = awsRules(apiGatewayRules(clock.now));
  const { table, client: dynamo } = dynamoWorld(moto);

  /** A client of API Gateway behind AWS's rules; `outer` puts something between it and them. */
  const apiGateway = (outer: (client: APIGatewayClient) => void = () => undefined) => {
    const client = awsClient(APIGatewayClient, moto, undefined, { maxAttempts: 1 });
    outer(client);
    return apiRules.guard(client);
  };
  const leaseOver = (client = dynamo()) =>
    apiLease({ dynamo: client, table, api: api.id, clock, sleep });
  const routerOver = (clients: Clients = {}) =>
    restApiRouter({
      lambda: clients.lambda ?? world.lambda(),
      apiGateway: clients.apiGateway ?? apiGateway(),
      lease: leaseOver(clients.dynamo),
      api,
      functionPrefix: world.functions.prefix,
    });
  return {
    ...world,
    clock,
    api,
    apiRules,
    apiGateway,
    dynamo,
    leaseOver,
    routerOver,
    router: routerOver(),
  };
}
