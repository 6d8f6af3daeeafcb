import { createServer, type IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { APIGatewayClient, CreateUsagePlanCommand } from '@aws-sdk/client-api-gateway';
import {
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { authorizer } from '#adapters/aws/keys/authorizer.ts';
import { dynamoFindKey } from '#adapters/aws/keys/authorizer-keys.ts';
import { systemClock } from '#adapters/clocks.ts';
import { listen } from '#adapters/local/http/listen.ts';
import { authorizerRequest } from '#domain/authorizer-request.ts';
import { awsClient } from '../aws/clients.ts';
import type { Network } from '../aws/model-functions.ts';
import { restApiRouterWorld } from '../aws/rest-api-router.ts';
import { addMiddleware } from '../aws/rules/rules.ts';
import { type LoadBalancer, loadBalancer } from '../fronts/load-balancer.ts';
import { scriptedServer } from '../fronts/scripted-server.ts';
import { type LocalEmu, startLocalEmu } from './localemu.ts';
import { makeKey } from './request.ts';

type Run = (event: unknown) => Promise<unknown>;

/**
 * An account in LocalEmu, and the product's router over it. LocalEmu serves the API that was deployed last, asks the authorizer, draws the version of an alias, and passes on requests to a VPC link.
 * The answers of the versions, which name their revision, and the load balancer are ours: LocalEmu's own load balancer follows no weights.
 */
export async function localEmuWorld() {
  let authorize: Run;
  const aws = await startLocalEmu(async ({ function: name, environment, event }) =>
    name === 'authorize' ? authorize(event) : answerOf(String(environment['SLIPWAY_REVISION'])),
  );
  const door = await balancerDoor();
  const world = await restApiRouterWorld(aws, { network: await networkOf(aws), host: door.host });
  const { api, containers, functions, table } = world;
  const lambda = awsClient(LambdaClient, aws);
  const apiGateway = awsClient(APIGatewayClient, aws);
  const elb = awsClient(ElasticLoadBalancingV2Client, aws);
  const find = dynamoFindKey(world.dynamo(), table);
  authorize = (event) => authorizer({ find }, systemClock)(authorizerRequest.parse(event));
  const own = { FunctionName: 'authorize', Role: functions.role, PackageType: 'Image' } as const;
  await lambda.send(
    new CreateFunctionCommand({ ...own, Code: { ImageUri: functions.repository } }),
  );
  const apiStages = [{ apiId: api.id, stage: api.stage }];
  const plan = await apiGateway.send(new CreateUsagePlanCommand({ name: 'callers', apiStages }));
  const servers = await containerServers(containers.groups);
  const balancer = loadBalancer(elb, containers.front.listener, servers.originOf);
  addMiddleware(elb, (next, { commandName }) => async (args) => {
    const answer = await next(args);
    balancer.note(`Action=${commandName.replace(/Command$/, '')}`, '');
    return answer;
  });
  door.open(balancer);
  const outputs = { Table: table, UsagePlan: String(plan.id) };

  return {
    router: world.routerOver({ lambda, apiGateway, elb }),
    /** The requests that the load balancer got. */
    balanced: door.asked,
    makeKey: async (model: string) => (await makeKey(aws, { outputs, physicalIds: {} }, model)).key,
    /** A client of a model, with a key or without. */
    client: (model: string, key?: string) => async () => {
      const url = `${aws.endpoint}/_aws/execute-api/${api.id}/${api.stage}/models/${model}/invocations`;
      const headers = {
        'content-type': 'application/json',
        ...(key && { authorization: `Bearer ${key}`, 'x-api-key': key }),
      };
      const response = await fetch(url, { method: 'POST', headers, body: '{"inputs":[]}' });
      await response.arrayBuffer();
      return { status: response.status, revision: response.headers.get('x-slipway-revision') };
    },
    async close() {
      await world.close();
      await servers.close();
      await door.close();
      await aws.close();
    },
  };
}

export type LocalEmuWorld = Awaited<ReturnType<typeof localEmuWorld>>;

/** The answer of a model's server behind the web adapter. */
function answerOf(revision: string) {
  const headers = { 'content-type': 'application/json', 'x-slipway-revision': revision };
  return { statusCode: 200, headers, body: '{}' };
}

/** It asks whether they are there. */
async function networkOf(aws: LocalEmu): Promise<Network> {
  const ec2 = awsClient(EC2Client, aws);
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({}));
  return {
    subnets: [String(Subnets[0]?.SubnetId)],
    securityGroup: String(SecurityGroups[0]?.GroupId),
  };
}

/** The server of each revision, by its target group. */
async function containerServers(groups: ReadonlyMap<string, string>) {
  const started = [...groups].map(([revision, group]) => {
    const answer = scriptedServer(() => (_request, response) => response.end('{}'));
    return [group, answer({ SLIPWAY_REVISION: revision })] as const;
  });
  const origins = new Map<string, string>();
  for (const [group, { origin }] of started) origins.set(group, await origin);
  return {
    originOf: (group: string) => origins.get(group),
    close: () => Promise.all(started.map(([, { stop }]) => stop())),
  };
}

type Passed = { readonly path: string; readonly headers: IncomingHttpHeaders };

/** The address of the load balancer, before there is one. */
async function balancerDoor() {
  const asked: Passed[] = [];
  let balancer: LoadBalancer;
  const server = createServer(async (request, response) => {
    const { method = '', url: path = '', headers } = request;
    asked.push({ path, headers });
    const body = String(await buffer(request));
    await balancer.pass({ method, path, headers, body }, response);
  });
  const port = await listen(server, { host: '127.0.0.1', port: 0 });
  return {
    asked: asked as readonly Passed[],
    host: `127.0.0.1:${port}`,
    open(opened: LoadBalancer) {
      balancer = opened;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
