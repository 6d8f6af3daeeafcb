import { setTimeout as sleep } from 'node:timers/promises';
import { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import { apiLease } from '#adapters/aws/api/api-lease.ts';
import { routeRecords } from '#adapters/aws/api/route-records.ts';
import { restApiRouter } from '#adapters/aws/routes/rest-api-router.ts';
import { systemClock } from '#adapters/clocks.ts';
import type { Router } from '#ports/router.ts';
import { type AwsAccount, clientSettings } from './clients.ts';
import type { SlipwayStack } from './stack.ts';

/** The routes of an account's models, for a caller with exclusive access: it takes no lease. */
export function accountRouter(
  account: AwsAccount,
  stack: SlipwayStack,
  lambda: LambdaClient,
): Router {
  const { outputs } = stack;
  const settings = clientSettings(account);
  const clock = systemClock;
  const dynamo = new DynamoDBClient(settings);
  const { Table: table, Api: api } = outputs;
  return restApiRouter({
    lambda,
    clock,
    apiGateway: new APIGatewayClient(settings),
    cloudWatch: new CloudWatchClient(settings),
    lease: apiLease({ clock, sleep: (ms: number) => sleep(ms), dynamo, table, api }),
    fence: { pass: async () => {} },
    records: routeRecords({ dynamo, table, api }),
    api: {
      id: api,
      stage: outputs.ApiStage,
      modelsResource: outputs.ModelsResource,
      authorizer: outputs.Authorizer,
      // Routes are only removed here.
      corsOrigins: [],
    },
    functionPrefix: outputs.FunctionPrefix,
    containers: accountContainers(account, stack),
  });
}

/** The load balancer in front of an account's containers; null when the stack has none. */
export function accountContainers(account: AwsAccount, { containers }: SlipwayStack) {
  return (
    containers && {
      elb: new ElasticLoadBalancingV2Client(clientSettings(account)),
      front: {
        stage: account.stage,
        listener: containers.Listener,
        host: containers.LoadBalancer,
        vpcLink: containers.VpcLink,
      },
    }
  );
}
