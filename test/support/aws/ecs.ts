import { createHash, randomUUID } from 'node:crypto';
import { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { CreateClusterCommand, ECSClient } from '@aws-sdk/client-ecs';
import {
  DeregisterTargetsCommand,
  DescribeRulesCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { cloudWatchTaskLogs } from '#adapters/aws/ecs/cloudwatch-task-logs.ts';
import { listenerRule } from '#adapters/aws/ecs/listener-rule.ts';
import { ecsPlatform } from '#adapters/aws/ecs/platform.ts';
import type { EcsSettings } from '#adapters/aws/ecs/settings.ts';
import { dynamoFence } from '#adapters/aws/registry/fence.ts';
import { unfenced } from '#adapters/aws/registry/fenced-change.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import { fakeClock } from '../clock/fake-clock.ts';
import { revisionSpec } from '../worlds/revision-spec.ts';
import { AWS_ACCOUNT, AWS_REGION, awsClient } from './clients.ts';
import { dynamoWorld } from './dynamo.ts';
import { ecsInventory } from './ecs-inventory.ts';
import { ecsNetwork } from './ecs-network.ts';
import type { Moto } from './moto.ts';
import { applicationAutoScalingRules } from './rules/application-auto-scaling.ts';
import { ecsRules } from './rules/ecs.ts';
import { ecsManaged } from './rules/ecs-managed.ts';
import { ecsServices, type TaskFate } from './rules/ecs-services.ts';
import { elbv2Rules } from './rules/elbv2.ts';
import { type AnyClient, awsRules } from './rules/rules.ts';

export const LAST_WORDS = 'the model has no graph';
const ROLE = `arn:aws:iam::${AWS_ACCOUNT}:role/execution`;
const LOG_GROUP = '/slipway/test/models';
const MANAGED = {
  target: 'ec2',
  infrastructureRole: `arn:aws:iam::${AWS_ACCOUNT}:role/infrastructure`,
  instanceProfile: `arn:aws:iam::${AWS_ACCOUNT}:instance-profile/ecsInstanceRole-test`,
} as const;

type Setup = {
  readonly maxAttempts?: number;
  /** Adds a layer between a client and AWS's rules. */
  readonly outer?: (client: AnyClient) => void;
};

/** An account with all resources of containers, whose services start, answer and crash; in virtual time: a sleep moves the clock. */
export async function ecsWorld(moto: Moto, target: 'fargate' | 'ec2' = 'fargate') {
  await moto.reset();
  const elb = awsClient(ElasticLoadBalancingV2Client, moto);
  const logs = awsClient(CloudWatchLogsClient, moto);
  await logs.send(new CreateLogGroupCommand({ logGroupName: LOG_GROUP }));
  const network = await ecsNetwork(moto, elb);
  const cluster = 'slipway-test';
  await awsClient(ECSClient, moto).send(
    new CreateClusterCommand({
      clusterName: cluster,
      capacityProviders: ['FARGATE', 'FARGATE_SPOT'],
    }),
  );
  const fates = new Map<string, TaskFate>();
  const unhealthy = new Set<string>();
  const services = ecsServices({
    fateOf: (image) => fates.get(image.slice(image.indexOf('@') + 1)) ?? 'serves',
    isUsed: (group) => isUsed(elb, network.listener, group),
    async register(TargetGroupArn, address, answers) {
      if (!answers) unhealthy.add(address);
      await elb.send(new RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: address }] }));
    },
    async deregister(TargetGroupArn, address) {
      await elb.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: address }] }));
    },
    async log(logStreamName) {
      const stream = { logGroupName: LOG_GROUP, logStreamName };
      await logs.send(new CreateLogStreamCommand(stream));
      const logEvents = [{ timestamp: Date.now(), message: LAST_WORDS }];
      await logs.send(new PutLogEventsCommand({ ...stream, logEvents }));
    },
  });
  const managed = ecsManaged(services.usedProviders);
  const rules = awsRules([
    ...ecsRules([ROLE]),
    ...services.rules,
    ...managed.rules,
    ...elbv2Rules({ isHealthy: (address) => !unhealthy.has(address) }),
    ...applicationAutoScalingRules(elb),
  ]);
  const clock = fakeClock(Date.UTC(2026, 10, 25, 12, 0));
  const dynamo = dynamoWorld(moto);
  const settings: EcsSettings = {
    stage: 'test',
    team: 'unassigned',
    region: AWS_REGION,
    apiStage: 'v1',
    repository: `${AWS_ACCOUNT}.dkr.ecr.${AWS_REGION}.amazonaws.com/slipway-test-models`,
    ...network,
    executionRole: ROLE,
    logGroup: LOG_GROUP,
    corsOrigins: [],
    provisioningSeconds: 300,
    capacity: target === 'fargate' ? { target, cluster, assignPublicIp: true } : MANAGED,
  };

  function client<Client extends AnyClient>(
    Client: Parameters<typeof awsClient<Client>>[0],
    { maxAttempts = 3, outer }: Setup = {},
  ): Client {
    const made = awsClient(Client, moto, undefined, { maxAttempts });
    outer?.(made);
    return rules.guard(made);
  }

  const platformOver = ({ maxAttempts = 3, outer }: Setup = {}) => {
    const setup = { maxAttempts, ...(outer && { outer }) };
    const table = dynamo.client(undefined, setup);
    return ecsPlatform({
      ecs: client(ECSClient, setup),
      elb: client(ElasticLoadBalancingV2Client, setup),
      autoScaling: client(ApplicationAutoScalingClient, setup),
      logs: cloudWatchTaskLogs(client(CloudWatchLogsClient, setup), LOG_GROUP),
      fence: dynamoFence({ client: table, table: dynamo.table }),
      settings,
      clock,
      sleep: async (ms) => clock.advance(ms),
    });
  };

  return {
    settings,
    services,
    managed,
    rules,
    clock,
    client,
    platformOver,
    platform: platformOver(),
    /** A revision whose tasks have this fate. */
    spec(fate: TaskFate, over: Partial<RevisionSpec> = {}): RevisionSpec {
      const tag = randomUUID();
      const digest = `sha256:${createHash('sha256').update(tag).digest('hex')}`;
      fates.set(digest, fate);
      const sizes = { compressedBytes: 50_000_000, uncompressedBytes: 150_000_000 };
      return revisionSpec(tag, {
        image: { tag, digest, artifactSha256: '0'.repeat(64), proof: null, smoke: null, ...sizes },
        memoryMiB: 2048,
        cpuUnits: 1024,
        instanceTypes: [],
        accelerator: null,
        allowCpu: false,
        scaling: { min: 1, requestsPerMinute: 600, schedules: [] },
        ...over,
      });
    },
    /** Clients' requests to the model go to this revision. */
    async route(model: string, revision: string): Promise<void> {
      const { apiStage } = settings;
      const rule = listenerRule({
        elb: client(ElasticLoadBalancingV2Client),
        front: settings,
        apiStage,
      });
      await rule.write(model, { [revision]: 100 }, unfenced);
    },
    inventory: () => ecsInventory(moto, settings, managed.providers),
    starts: async (revision: string) => services.starts(`${revision}-`),
  };
}

async function isUsed(
  elb: ElasticLoadBalancingV2Client,
  ListenerArn: string,
  group: string,
): Promise<boolean> {
  const { Rules = [] } = await elb.send(new DescribeRulesCommand({ ListenerArn }));
  return JSON.stringify(Rules).includes(group);
}
