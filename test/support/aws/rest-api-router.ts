import { APIGatewayClient, type Integration } from '@aws-sdk/client-api-gateway';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DeleteRuleCommand,
  DescribeRulesCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  DeleteAliasCommand,
  GetPolicyCommand,
  type LambdaClient,
  RemovePermissionCommand,
} from '@aws-sdk/client-lambda';
import { absentIfNotFound } from '#adapters/aws/absent.ts';
import { type ApiLease, apiLease } from '#adapters/aws/api/api-lease.ts';
import { routeRecords } from '#adapters/aws/api/route-records.ts';
import { ALIASES } from '#adapters/aws/lambda/model-function.ts';
import { dynamoFence } from '#adapters/aws/registry/fence.ts';
import { restApiRouter } from '#adapters/aws/routes/rest-api-router.ts';
import { fakeClock } from '../clock/fake-clock.ts';
import { scriptedServer } from '../fronts/scripted-server.ts';
import { awsClient } from './clients.ts';
import { containersWorld } from './containers.ts';
import { dynamoWorld } from './dynamo.ts';
import { modelFunctionsWorld, type Network } from './model-functions.ts';
import type { Moto } from './moto.ts';
import { restApi } from './rest-api.ts';
import { apiGatewayRules } from './rules/apigateway.ts';
import { elbv2Rules } from './rules/elbv2.ts';
import { awsRules } from './rules/rules.ts';

const HEALTHY = scriptedServer(() => (_request, response) => response.end('{}'));

// The time for which the API is locked after a deployment. Each look of a waiting deed is a write.
const LATE_MS = 5_000;

type Clients = {
  readonly lambda?: LambdaClient;
  readonly apiGateway?: APIGatewayClient;
  readonly dynamo?: DynamoDBClient;
  readonly elb?: ElasticLoadBalancingV2Client;
  readonly cloudWatch?: CloudWatchClient;
  readonly corsOrigins?: readonly string[];
};

/** The places of the functions and the load balancer, for the tests that look at these. */
type Place = { readonly network?: Network; readonly host?: string };

export type RoutedAccount = Awaited<ReturnType<typeof routedAccount>>;

/** An account with the functions of `digits` (three versions, and two that stream) and `words` (one), and containers of `digits` (versions 6 and 7). */
export async function routedAccount(moto: Moto, { network, host }: Place = {}) {
  const world = await modelFunctionsWorld(moto, HEALTHY, network);
  const streaming = ['digits-v4', 'digits-v5'];
  await world.publish('digits', ['digits-v1', 'digits-v2', 'digits-v3', ...streaming], {
    streaming,
  });
  await world.publish('words', ['words-v1']);
  const sick = new Set<string>();
  const elbRules = awsRules(elbv2Rules({ isHealthy: (address) => !sick.has(address) }));
  /** A client behind AWS's rules; `outer` adds a layer between the two. */
  const elb = (outer: (client: ElasticLoadBalancingV2Client) => void = () => undefined) => {
    const client = awsClient(ElasticLoadBalancingV2Client, moto, undefined, { maxAttempts: 1 });
    outer(client);
    return elbRules.guard(client);
  };
  const containers = await containersWorld(moto, elb(), host);
  await containers.start('digits-v6', '10.0.0.6');
  await containers.start('digits-v7', '10.0.0.7');
  return { ...world, sick, elb, containers };
}

/** A router over moto in virtual time, in a separate account, and no route. */
export async function restApiRouterWorld(moto: Moto, place?: Place) {
  return routerIn(moto, await routedAccount(moto, place));
}

/** A router with a separate API and table, over the existing `digits` without its routes, which are taken away. */
export async function freshRouterIn(moto: Moto, account: RoutedAccount) {
  const lambda = account.lambda();
  const FunctionName = `${account.functions.prefix}digits`;
  for (const Name of Object.values(ALIASES)) await removeAlias(lambda, { FunctionName, Name });
  const elb = account.elb();
  const ListenerArn = account.containers.front.listener;
  const { Rules = [] } = await elb.send(new DescribeRulesCommand({ ListenerArn }));
  for (const { IsDefault, RuleArn } of Rules) {
    if (!IsDefault) await elb.send(new DeleteRuleCommand({ RuleArn }));
  }
  return routerIn(moto, account, LATE_MS);
}

async function removeAlias(
  lambda: LambdaClient,
  { FunctionName, Name }: { readonly FunctionName: string; readonly Name: string },
): Promise<void> {
  const permission = new GetPolicyCommand({ FunctionName, Qualifier: Name });
  const { Policy = '{}' } = (await lambda.send(permission).catch(absentIfNotFound)) ?? {};
  const { Statement = [] } = JSON.parse(Policy);
  for (const { Sid: StatementId } of Statement) {
    const named = { FunctionName, Qualifier: Name, StatementId };
    await lambda.send(new RemovePermissionCommand(named));
  }
  await lambda.send(new DeleteAliasCommand({ FunctionName, Name })).catch(absentIfNotFound);
}

/** `leastMs` is the shortest sleep while it waits for the API. */
async function routerIn(moto: Moto, world: RoutedAccount, leastMs = 0) {
  const { elb, containers, sick } = world;
  const clock = fakeClock(Date.now());
  // While a caller waits for the API, its clock stands still as long as another one works: on busy cores it would outlast the lease.
  let working: Promise<unknown> = Promise.resolve();
  const sleep = async (ms: number) => {
    if (leastMs === 0) await working;
    clock.advance(Math.max(ms, leastMs));
  };
  const api = await restApi(moto);
  const served = new Map<string, Integration>();
  const apiRules = awsRules(apiGatewayRules(clock.now, served));
  const { table, client: dynamo } = dynamoWorld(moto);
  const cloudWatch = awsClient(CloudWatchClient, moto, undefined, { maxAttempts: 1 });

  /** A client of a service behind AWS's rules; `outer` adds a layer between the two. */
  const apiGateway = (outer: (client: APIGatewayClient) => void = () => undefined) => {
    const client = awsClient(APIGatewayClient, moto, undefined, { maxAttempts: 1 });
    outer(client);
    return apiRules.guard(client);
  };

  const leaseOver = (client = dynamo()): ApiLease => {
    const lease = apiLease({ dynamo: client, table, api: api.id, clock, sleep });
    return {
      during: (work) =>
        lease.during(() => {
          const done = work();
          working = done.catch(() => undefined);
          return done;
        }),
    };
  };
  const recordsOver = (client = dynamo()) => routeRecords({ dynamo: client, table, api: api.id });
  const routerOver = (clients: Clients = {}) =>
    restApiRouter({
      lambda: clients.lambda ?? world.lambda(),
      apiGateway: clients.apiGateway ?? apiGateway(),
      cloudWatch: clients.cloudWatch ?? cloudWatch,
      lease: leaseOver(clients.dynamo),
      fence: dynamoFence({ client: clients.dynamo ?? dynamo(), table }),
      records: recordsOver(clients.dynamo),
      clock,
      api: { ...api, corsOrigins: clients.corsOrigins ?? [] },
      functionPrefix: world.functions.prefix,
      containers: { elb: clients.elb ?? elb(), front: containers.front },
    });
  return {
    ...world,
    clock,
    api,
    apiRules,
    apiGateway,
    table,
    dynamo,
    elb,
    cloudWatch,
    containers,
    sick,
    /** The integrations that the API's stage serves, by path. */
    served,
    leaseOver,
    records: recordsOver(),
    routerOver,
    router: routerOver(),
  };
}
