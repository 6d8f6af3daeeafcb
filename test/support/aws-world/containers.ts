import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateClusterCommand,
  DescribeTaskDefinitionCommand,
  ECSClient,
} from '@aws-sdk/client-ecs';
import {
  DeregisterTargetsCommand,
  DescribeRulesCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { targetGroupOf } from '#adapters/aws/ecs/target-group.ts';
import { listen } from '#adapters/local/http/listen.ts';
import { AWS_ACCOUNT, awsClient } from '../aws/clients.ts';
import { ecsInventory } from '../aws/ecs-inventory.ts';
import { ecsNetwork } from '../aws/ecs-network.ts';
import type { Moto } from '../aws/moto.ts';
import { applicationAutoScalingRules } from '../aws/rules/application-auto-scaling.ts';
import { ecsRules } from '../aws/rules/ecs.ts';
import { ecsManaged } from '../aws/rules/ecs-managed.ts';
import { ecsServices, type TaskFate } from '../aws/rules/ecs-services.ts';
import { awsRules } from '../aws/rules/rules.ts';
import { containerServers } from '../fronts/container-servers.ts';
import { jsonFront } from '../fronts/json.ts';
import { loadBalancer } from '../fronts/load-balancer.ts';
import type { StartServer } from '../fronts/model-sandbox.ts';
import { signedDoor } from '../fronts/signed-door.ts';

const STAGE = 'test';
const CLUSTER = 'slipway-test';
const HOST = 'internal-slipway-test-1.us-east-1.elb.amazonaws.com';
const VPC_LINK = 'vpclink1';
const EXECUTION_ROLE = `arn:aws:iam::${AWS_ACCOUNT}:role/execution`;
const INFRASTRUCTURE_ROLE = `arn:aws:iam::${AWS_ACCOUNT}:role/infrastructure`;
const INSTANCE_PROFILE = `arn:aws:iam::${AWS_ACCOUNT}:instance-profile/ecsInstanceRole-test`;

type Around = {
  /** Answers everything that is not about containers. */
  readonly upstream: { readonly endpoint: string };
  readonly startServer: StartServer;
  readonly logGroup: string;
  readonly apiStage: string;
  /** The secret of the prober, which calls models through the API. */
  readonly secret: string;
};

/** A stack's resources for containers, in moto, with a front that makes them work: tasks start and are answered by the real ONNX server, behind a load balancer that follows its rules. */
export async function awsWorldContainers(moto: Moto, around: Around) {
  const elb = awsClient(ElasticLoadBalancingV2Client, moto);
  const ecs = awsClient(ECSClient, moto);
  const network = await ecsNetwork(moto, elb);
  const capacityProviders = ['FARGATE', 'FARGATE_SPOT'];
  await ecs.send(new CreateClusterCommand({ clusterName: CLUSTER, capacityProviders }));
  const servers = containerServers(around.startServer);
  const simulated = simulation(moto, { elb, servers, ...around, ...network });
  const balancer = loadBalancer(elb, network.listener, servers.originOf);
  const door = await signedDoor(
    { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: around.secret },
    ({ method = '', url = '', headers }, body, response) => {
      const path = url.replace(`/${around.apiStage}/_probe`, '');
      void balancer.pass({ method, path, headers, body }, response);
    },
  );
  const front = await containersFront({ ...around, moto, ecs, servers, simulated, balancer, door });

  return {
    endpoint: front.endpoint,
    network,
    front: { stage: STAGE, listener: network.listener, host: HOST, vpcLink: VPC_LINK },
    /** The values that a stack with containers gives to functions, by variable. */
    values: {
      SLIPWAY_CONTAINERS: 'public',
      SLIPWAY_LISTENER: network.listener,
      SLIPWAY_LOAD_BALANCER: HOST,
      SLIPWAY_VPC_LINK: VPC_LINK,
      SLIPWAY_VPC: network.vpc,
      SLIPWAY_CONTAINER_SUBNETS: network.subnets.join(','),
      SLIPWAY_CONTAINER_SECURITY_GROUP: network.securityGroup,
      SLIPWAY_CLUSTER: CLUSTER,
      SLIPWAY_EXECUTION_ROLE: EXECUTION_ROLE,
      SLIPWAY_INFRASTRUCTURE_ROLE: INFRASTRUCTURE_ROLE,
      SLIPWAY_INSTANCE_PROFILE: INSTANCE_PROFILE,
      SLIPWAY_API_URL: `${front.endpoint}/${around.apiStage}`,
    },
    /** Gives the tasks of a revision this fate from now on, regardless of its server. */
    turn: (revision: string, fate: TaskFate) => simulated.services.turn(`${revision}-`, fate),
    starts: (revision: string) => simulated.services.starts(`${revision}-`),
    /** The weights of a model's rule, by revision; empty without a rule. */
    async weights(model: string): Promise<Readonly<Record<string, number>>> {
      const { Rules = [] } = await elb.send(
        new DescribeRulesCommand({ ListenerArn: network.listener }),
      );
      const rule = Rules.find(({ Conditions = [] }) =>
        Conditions.some(({ Values, PathPatternConfig }) =>
          (PathPatternConfig?.Values ?? Values ?? []).includes(`/models/${model}/*`),
        ),
      );
      const groups = rule?.Actions?.[0]?.ForwardConfig?.TargetGroups ?? [];
      return Object.fromEntries(
        groups.map(({ TargetGroupArn = '', Weight = 1 }) => [
          simulated.revisionOf(TargetGroupArn),
          Weight,
        ]),
      );
    },
    groupOf: async (revision: string) => (await targetGroupOf(elb, STAGE, revision))?.arn ?? '',
    inventory: () =>
      ecsInventory(moto, { listener: network.listener } as never, simulated.managed.providers),
    async close(): Promise<void> {
      await front.close();
      await door.close();
      await servers.close();
    },
  };
}

type Simulated = ReturnType<typeof simulation>;
type Inside = Pick<Around, 'logGroup'> & {
  readonly elb: ElasticLoadBalancingV2Client;
  readonly servers: ReturnType<typeof containerServers>;
  readonly listener: string;
};

/** AWS's rules for ECS, with tasks that are as their servers are. */
function simulation(moto: Moto, { elb, servers, logGroup, listener }: Inside) {
  const logs = awsClient(CloudWatchLogsClient, moto);
  // The fates of servers, by the digest of the image.
  const fates = new Map<string, TaskFate>();
  const revisions = new Map<string, string>();
  const groups = new Map<string, string>();
  const services = ecsServices({
    fateOf: (image) => fates.get(image.slice(image.indexOf('@') + 1)) ?? 'serves',
    async isUsed(group) {
      const { Rules = [] } = await elb.send(new DescribeRulesCommand({ ListenerArn: listener }));
      return JSON.stringify(Rules).includes(group);
    },
    async register(TargetGroupArn, address) {
      servers.register(TargetGroupArn, address);
      await elb.send(new RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: address }] }));
    },
    async deregister(TargetGroupArn, address) {
      await elb.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: address }] }));
      await servers.deregister(TargetGroupArn, address);
    },
    async log(logStreamName) {
      const stream = { logGroupName: logGroup, logStreamName };
      const group = groups.get(logStreamName.split('/')[0] ?? '') ?? '';
      const lines = servers.lines(group);
      await logs.send(new CreateLogStreamCommand(stream));
      const logEvents = lines.map((message) => ({ timestamp: Date.now(), message }));
      if (lines.length > 0) await logs.send(new PutLogEventsCommand({ ...stream, logEvents }));
    },
  });
  const managed = ecsManaged(services.usedProviders);
  return {
    services,
    managed,
    fates,
    rules: awsRules([
      ...ecsRules([EXECUTION_ROLE]),
      ...services.rules,
      ...managed.rules,
      ...applicationAutoScalingRules(elb),
    ]),
    revisionOf: (group: string) => revisions.get(group) ?? '',
    note(group: string, revision: string): void {
      revisions.set(group, revision);
      groups.set(revision, group);
    },
  };
}

type Front = Pick<Around, 'upstream' | 'apiStage'> & {
  readonly moto: Moto;
  readonly ecs: ECSClient;
  readonly servers: ReturnType<typeof containerServers>;
  readonly simulated: Simulated;
  readonly balancer: ReturnType<typeof loadBalancer>;
  readonly door: { readonly url: string };
};

async function containersFront(options: Front) {
  const { moto, upstream, simulated, balancer, door, apiStage } = options;
  const json = jsonFront(moto, simulated.rules);

  async function serve(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = await buffer(asked);
    const { url: path = '', method = '', headers } = asked;
    if (path.startsWith(`/${apiStage}/_probe/`)) {
      return pass(new URL(door.url).origin, asked, body, answer);
    }
    if (path.startsWith(`/${apiStage}/models/`)) {
      return balancer.pass({ method, path, headers, body: String(body) }, answer);
    }
    const call = json.callOf(asked);
    if (!call) {
      return pass(upstream.endpoint, asked, body, answer, (given) =>
        balancer.note(String(body), given),
      );
    }
    const input = JSON.parse(String(body) || '{}');
    if (call.operation === 'CreateService') await startServer(options, input);
    await json.answer(call, input, answer);
  }

  const server = createServer((asked, answer) => {
    serve(asked, answer).catch((error: unknown) => {
      if (!answer.headersSent) answer.writeHead(500);
      answer.end(String(error));
    });
  });
  const port = await listen(server, { host: '127.0.0.1', port: 0 });
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type ServiceInput = {
  readonly taskDefinition: string;
  readonly loadBalancers: readonly { readonly targetGroupArn: string }[];
};

/** Starts the server that decides the fate of the tasks: it is started once, before the first of them. */
async function startServer(
  { ecs, servers, simulated }: Front,
  { taskDefinition, loadBalancers }: ServiceInput,
): Promise<void> {
  const found = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition }));
  const [container] = found.taskDefinition?.containerDefinitions ?? [];
  const environment = Object.fromEntries(
    (container?.environment ?? []).map(({ name = '', value = '' }) => [name, value]),
  );
  const group = loadBalancers[0]?.targetGroupArn ?? '';
  simulated.note(group, environment['SLIPWAY_REVISION'] ?? '');
  const isReady = await servers.start(group, environment);
  simulated.fates.set(environment['SLIPWAY_IMAGE'] ?? '', isReady ? 'serves' : 'crashes');
}

async function pass(
  origin: string,
  asked: IncomingMessage,
  body: Buffer,
  answer: ServerResponse,
  onAnswer: (body: string) => void = () => undefined,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const { method = 'GET', headers } = asked;
  request(new URL(asked.url ?? '', origin), { method, headers }, resolve)
    .on('error', reject)
    .end(body);
  const given = await promise;
  const { 'transfer-encoding': _, ...kept } = given.headers;
  const content = await buffer(given);
  onAnswer(String(content));
  // The answer to a HEAD has a length and no body.
  const length = content.length > 0 ? { 'content-length': content.length } : {};
  answer.writeHead(given.statusCode ?? 502, { ...kept, ...length }).end(content);
}
