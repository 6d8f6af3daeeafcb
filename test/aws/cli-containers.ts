import { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DescribeServicesCommand,
  ECSClient,
  ListClustersCommand,
  ListServicesCommand,
  ListTaskDefinitionsCommand,
  RegisterTaskDefinitionCommand,
} from '@aws-sdk/client-ecs';
import {
  CreateRuleCommand,
  CreateTargetGroupCommand,
  DescribeRulesCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { cloudWatchTaskLogs } from '#adapters/aws/ecs/cloudwatch-task-logs.ts';
import { ecsPlatform } from '#adapters/aws/ecs/platform.ts';
import { systemClock } from '#adapters/clocks.ts';
import type { Registry } from '#ports/registry.ts';
import { AWS_REGION, awsClient } from '../support/aws/clients.ts';
import { ecsNetwork } from '../support/aws/ecs-network.ts';
import type { Moto } from '../support/aws/moto.ts';
import { candidateOf, holding, idOf, walkTo } from '../support/worlds/registry.ts';
import { revisionSpec } from '../support/worlds/revision-spec.ts';
import type { CliWorld } from './cli-world.ts';

/** The shared resources of a stage's containers, made beside the stack: moto's CloudFormation cannot make all of them. */
export async function containerParts(moto: Moto, stage: string) {
  const network = await ecsNetwork(moto, awsClient(ElasticLoadBalancingV2Client, moto));
  const cluster = `slipway-${stage}`;
  await awsClient(ECSClient, moto).send(new CreateClusterCommand({ clusterName: cluster }));
  return {
    network,
    cluster,
    outputs: {
      Containers: 'public',
      Cluster: cluster,
      ContainerSubnets: network.subnets.join(','),
      Listener: network.listener,
      LoadBalancer: 'internal-slipway.elb.amazonaws.com',
      VpcLink: 'link',
    },
  };
}

export type ContainerParts = Awaited<ReturnType<typeof containerParts>>;

/** A revision on Fargate, as a deployment makes it. */
export async function runningContainer(
  moto: Moto,
  { stage, outputs }: Pick<CliWorld, 'stage' | 'outputs'>,
  { network, cluster }: ContainerParts,
  revision: { readonly model: string; readonly version: number },
): Promise<void> {
  const platform = ecsPlatform({
    ecs: awsClient(ECSClient, moto),
    elb: awsClient(ElasticLoadBalancingV2Client, moto),
    autoScaling: awsClient(ApplicationAutoScalingClient, moto),
    logs: cloudWatchTaskLogs(awsClient(CloudWatchLogsClient, moto), outputs['ModelLogGroup']!),
    fence: { pass: async () => {} },
    settings: {
      stage,
      team: 'unassigned',
      region: AWS_REGION,
      apiStage: 'v1',
      ...network,
      provisioningSeconds: 300,
      repository: outputs['Repository']!,
      executionRole: outputs['ModelRole']!,
      logGroup: outputs['ModelLogGroup']!,
      corsOrigins: [],
      capacity: { target: 'fargate', cluster, assignPublicIp: true },
    },
    clock: systemClock,
    sleep: async () => undefined,
  });
  const { model, version } = revision;
  const sizes = { compressedBytes: 50_000_000, uncompressedBytes: 150_000_000 };
  const digest = `sha256:${'a'.repeat(64)}`;
  await platform.create(
    revisionSpec(`${version}`, {
      ...revision,
      revision: `${model}-v${version}`,
      image: {
        tag: model,
        digest,
        artifactSha256: '0'.repeat(64),
        proof: null,
        smoke: null,
        ...sizes,
      },
      memoryMiB: 2048,
      cpuUnits: 1024,
      scaling: { min: 1, requestsPerMinute: 600, schedules: [] },
    }),
    1,
  );
}

/** Somebody else's service, rule and target group, side by side with the stage's. */
export async function foreignContainer(
  moto: Moto,
  { network, cluster }: ContainerParts,
): Promise<void> {
  const ecs = awsClient(ECSClient, moto);
  const elb = awsClient(ElasticLoadBalancingV2Client, moto);
  const { TargetGroups = [] } = await elb.send(
    new CreateTargetGroupCommand({
      Name: 'mine',
      TargetType: 'ip',
      VpcId: network.vpc,
      Protocol: 'HTTP',
      Port: 80,
    }),
  );
  const TargetGroupArn = TargetGroups[0]?.TargetGroupArn;
  await elb.send(
    new CreateRuleCommand({
      ListenerArn: network.listener,
      Priority: 7,
      Conditions: [{ Field: 'path-pattern', Values: ['/mine/*'] }],
      Actions: [{ Type: 'forward', TargetGroupArn }],
    }),
  );
  const family = 'mine';
  const containerDefinitions = [{ name: 'mine', image: 'mine', memory: 128 }];
  await ecs.send(new RegisterTaskDefinitionCommand({ family, containerDefinitions }));
  const service = { cluster, serviceName: 'mine', taskDefinition: family, desiredCount: 0 };
  await ecs.send(new CreateServiceCommand(service));
}

/** A target group with the stage's tag, as a deployment that was cut short leaves one. */
export async function lostTargetGroup(
  moto: Moto,
  { network }: ContainerParts,
  stage: string,
): Promise<void> {
  await awsClient(ElasticLoadBalancingV2Client, moto).send(
    new CreateTargetGroupCommand({
      Name: 'lost',
      TargetType: 'ip',
      VpcId: network.vpc,
      Protocol: 'HTTP',
      Port: 80,
      Tags: [{ Key: 'slipway:stage', Value: stage }],
    }),
  );
}

/** Every resource of the kinds that containers take, regardless of its maker, as `kind name`. */
export async function containerInventory(
  moto: Moto,
  { network, cluster }: ContainerParts,
): Promise<readonly string[]> {
  const ecs = awsClient(ECSClient, moto);
  const elb = awsClient(ElasticLoadBalancingV2Client, moto);
  const { clusterArns = [] } = await ecs.send(new ListClustersCommand({}));
  const { serviceArns = [] } = await ecs.send(new ListServicesCommand({ cluster }));
  const { services = [] } =
    serviceArns.length > 0
      ? await ecs.send(new DescribeServicesCommand({ cluster, services: serviceArns }))
      : {};
  const { taskDefinitionArns = [] } = await ecs.send(new ListTaskDefinitionsCommand({}));
  const { TargetGroups = [] } = await elb.send(new DescribeTargetGroupsCommand({}));
  const ListenerArn = network.listener;
  const { Rules = [] } = await elb.send(new DescribeRulesCommand({ ListenerArn }));
  return [
    ...clusterArns.map((arn) => `cluster ${arn}`),
    ...services
      .filter(({ status }) => status === 'ACTIVE')
      .map(({ serviceName }) => `service ${serviceName}`),
    ...taskDefinitionArns.map((arn) => `task definition ${arn}`),
    ...TargetGroups.map(({ TargetGroupName }) => `target group ${TargetGroupName}`),
    ...Rules.map(({ Priority }) => `rule ${Priority}`),
  ].toSorted();
}

/** A candidate on Fargate, version 3 of `shapes`, and a line that its server has written; returns when (epoch, milliseconds). */
export async function candidateThatWrote(
  message: string,
  moto: Moto,
  { outputs }: Pick<CliWorld, 'outputs'>,
  registry: Registry,
): Promise<number> {
  const holder = await holding({ registry } as never, 3);
  await walkTo({ registry } as never, holder, 'Inspected');
  const deployment = await registry.deployment(idOf(3));
  const candidate = { ...candidateOf(deployment!), target: 'fargate' } as const;
  await registry.advance(holder, 'Provisioning', { candidate }, {});
  const logs = awsClient(CloudWatchLogsClient, moto);
  const stream = {
    logGroupName: outputs['ModelLogGroup'],
    logStreamName: 'shapes-v3/model/task',
  };
  await logs.send(new CreateLogStreamCommand(stream));
  const timestamp = Date.now();
  const logEvents = [{ timestamp, message }];
  await logs.send(new PutLogEventsCommand({ ...stream, logEvents }));
  return timestamp;
}
