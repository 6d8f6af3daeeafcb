import {
  ApplicationAutoScalingClient,
  DescribeScalableTargetsCommand,
  DescribeScalingPoliciesCommand,
  DescribeScheduledActionsCommand,
} from '@aws-sdk/client-application-auto-scaling';
import {
  DescribeClustersCommand,
  DescribeServicesCommand,
  ECSClient,
  ListClustersCommand,
  ListServicesCommand,
  ListTaskDefinitionsCommand,
} from '@aws-sdk/client-ecs';
import {
  DescribeRulesCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { EcsSettings } from '#adapters/aws/ecs/settings.ts';
import { awsClient } from './clients.ts';
import type { Moto } from './moto.ts';

/** The number of resources of each kind in moto, past all rules; a resource that is only still listed, such as an INACTIVE service, does not count. */
export async function ecsInventory(
  moto: Moto,
  { listener: ListenerArn }: EcsSettings,
  providers: () => readonly string[],
) {
  const ecs = awsClient(ECSClient, moto);
  const elb = awsClient(ElasticLoadBalancingV2Client, moto);
  const scaling = awsClient(ApplicationAutoScalingClient, moto);
  const ServiceNamespace = 'ecs';
  const { TargetGroups = [] } = await elb.send(new DescribeTargetGroupsCommand({}));
  const { Rules = [] } = await elb.send(new DescribeRulesCommand({ ListenerArn }));
  const definitions = await Promise.all(
    (['ACTIVE', 'INACTIVE'] as const).map(async (status) => {
      const list = await ecs.send(new ListTaskDefinitionsCommand({ status }));
      return list.taskDefinitionArns?.length ?? 0;
    }),
  );
  const targets = await scaling.send(new DescribeScalableTargetsCommand({ ServiceNamespace }));
  const policies = await scaling.send(new DescribeScalingPoliciesCommand({ ServiceNamespace }));
  const actions = await scaling.send(new DescribeScheduledActionsCommand({ ServiceNamespace }));
  const { clusters, services } = await clustersAndServices(ecs);
  return {
    targetGroups: TargetGroups.length,
    rules: Rules.filter(({ IsDefault }) => !IsDefault).length,
    activeDefinitions: definitions[0],
    inactiveDefinitions: definitions[1],
    scalableTargets: targets.ScalableTargets?.length,
    policies: policies.ScalingPolicies?.length,
    schedules: actions.ScheduledActions?.length,
    clusters,
    services,
    providers: providers().length,
  };
}

async function clustersAndServices(ecs: ECSClient) {
  const { clusterArns: arns = [] } = await ecs.send(new ListClustersCommand({}));
  const { clusters = [] } = await ecs.send(new DescribeClustersCommand({ clusters: arns }));
  const active = clusters.filter(({ status }) => status === 'ACTIVE');
  let services = 0;
  for (const { clusterName: cluster } of active) {
    const { serviceArns = [] } = await ecs.send(new ListServicesCommand({ cluster }));
    if (serviceArns.length === 0) continue;
    const list = new DescribeServicesCommand({ cluster, services: serviceArns });
    const found = (await ecs.send(list)).services ?? [];
    services += found.filter(({ status }) => status === 'ACTIVE').length;
  }
  return { clusters: active.length, services };
}
