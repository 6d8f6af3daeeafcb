import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeleteServiceCommand,
  DescribeClustersCommand,
  DescribeServicesCommand,
  ECSClient,
  paginateListClusters,
  paginateListServices,
} from '@aws-sdk/client-ecs';
import {
  DeleteRuleCommand,
  DescribeTagsCommand,
  ElasticLoadBalancingV2Client,
  paginateDescribeTargetGroups,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { ask } from '#adapters/aws/ecs-errors.ts';
import { TAG, tagMap } from '#adapters/aws/ecs-settings.ts';
import { removeUnusedCapacity } from '#adapters/aws/managed-capacity.ts';
import { deleteTargetGroup } from '#adapters/aws/target-group.ts';
import { readRules } from '#adapters/aws/test-rule.ts';
import { Failure } from '#domain/failure.ts';
import { type AwsAccount, clientSettings } from './aws-account-clients.ts';
import type { SlipwayStack } from './aws-account-stack.ts';
import type { Removal } from './aws-uninstall-removal.ts';

type World = { readonly ecs: ECSClient; readonly elb: ElasticLoadBalancingV2Client; readonly stage: string };

// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html and API_DescribeClusters.html
const SERVICES_AT_ONCE = 10;
const CLUSTERS_AT_ONCE = 100;
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTags.html
const TAGS_AT_ONCE = 20;
const LONGEST_MS = 10 * 60_000;
const LOOK_PERIOD_MS = 5_000;

/**
 * What deployments that were cut short left of the stage's containers, by its tag: the stack could not go with them, or would leave them.
 * Then the clusters and capacity providers of models on EC2, which belong to no stack.
 */
export function removalsOfRemains(
  account: AwsAccount,
  { containers }: SlipwayStack,
): readonly Removal[] {
  if (!containers) return [];
  const settings = clientSettings(account);
  const { stage } = account;
  const ecs = new ECSClient(settings);
  const elb = new ElasticLoadBalancingV2Client(settings);
  const world = { ecs, elb, stage };
  return [
    {
      what: `services, rules and target groups that are tagged ${TAG.stage}=${stage}`,
      async remove() {
        await removeServices(world);
        await removeRules(world, containers.Listener);
        await removeTargetGroups(world);
      },
    },
    { what: 'the clusters and capacity of models on EC2', remove: () => removeCapacity(world, containers.Cluster) },
  ];
}

async function removeServices({ ecs, stage }: World): Promise<void> {
  for (const cluster of await clustersOf(ecs, stage)) {
    const arns: string[] = [];
    for await (const page of paginateListServices({ client: ecs }, { cluster })) {
      arns.push(...(page.serviceArns ?? []));
    }
    for (const services of batches(arns, SERVICES_AT_ONCE)) {
      const describe = new DescribeServicesCommand({ cluster, services, include: ['TAGS'] });
      const { services: found = [] } = await ask(() => ecs.send(describe));
      const ours = found.filter(({ tags }) => tagMap(tags).get(TAG.stage) === stage);
      for (const { serviceName: service } of ours) {
        const remove = new DeleteServiceCommand({ cluster, service, force: true });
        await ask(() => ecs.send(remove));
      }
    }
  }
}

async function removeRules({ elb, stage }: World, listener: string): Promise<void> {
  const rules = await readRules(elb, listener);
  const arns = rules.flatMap(({ RuleArn, IsDefault }) => (RuleArn && !IsDefault ? RuleArn : []));
  for (const RuleArn of await tagged(elb, arns, stage)) {
    await ask(() => elb.send(new DeleteRuleCommand({ RuleArn })));
  }
}

async function removeTargetGroups({ elb, stage }: World): Promise<void> {
  const arns: string[] = [];
  for await (const { TargetGroups = [] } of paginateDescribeTargetGroups({ client: elb }, {})) {
    arns.push(...TargetGroups.flatMap(({ TargetGroupArn }) => TargetGroupArn ?? []));
  }
  for (const arn of await tagged(elb, arns, stage)) await deleteTargetGroup(elb, arn);
}

/** An instance goes some time after its last task, and its provider after it. */
async function removeCapacity({ ecs, stage }: World, own: string): Promise<void> {
  const endMs = Date.now() + LONGEST_MS;
  for (;;) {
    await removeUnusedCapacity({ ecs, settings: { stage } }, { emptyClusters: true });
    const left = (await clustersOf(ecs, stage)).filter((name) => name !== own);
    if (left.length === 0) return;
    if (Date.now() > endMs) {
      const names = left.join(', ');
      throw new Failure('PlatformUnavailable', `${names} is in use. Run this again in a while`);
    }
    await sleep(LOOK_PERIOD_MS);
  }
}
