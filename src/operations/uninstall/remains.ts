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
import { ask } from '#adapters/aws/ecs/errors.ts';
import { managedPrefix } from '#adapters/aws/ecs/managed-requirement.ts';
import { deleteTargetGroup } from '#adapters/aws/ecs/target-group.ts';
import { readRules } from '#adapters/aws/ecs/test-rule.ts';
import { TAG, tagMap } from '#adapters/aws/tags.ts';
import { Failure } from '#domain/failure.ts';
import { type AwsAccount, clientSettings } from '#operations/account/clients.ts';
import type { Containers } from './containers.ts';
import type { Parts } from './parts.ts';
import { type Removal, unlessGone } from './removal.ts';

type World = {
  readonly ecs: ECSClient;
  readonly elb: ElasticLoadBalancingV2Client;
  readonly stage: string;
};

// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html and API_DescribeClusters.html
const SERVICES_AT_ONCE = 10;
const CLUSTERS_AT_ONCE = 100;
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTags.html
const TAGS_AT_ONCE = 20;
const LONGEST_MS = 10 * 60_000;
const LOOK_PERIOD_MS = 5_000;

/**
 * The removals of the stage's orphaned container resources, found by its tag: they would block the stack's deletion, or outlive it.
 * After them, the removals of the clusters and capacity providers of models on EC2, which belong to no stack.
 */
export function removalsOfRemains(
  account: AwsAccount,
  { containers: outputs }: Parts,
  containers: Containers | null,
): readonly Removal[] {
  if (!outputs || !containers) return [];
  const settings = clientSettings(account);
  const { stage } = account;
  const ecs = new ECSClient(settings);
  const elb = new ElasticLoadBalancingV2Client(settings);
  const world = { ecs, elb, stage };
  return [
    {
      what: `services, rules and target groups that are tagged ${TAG.stage}=${stage}`,
      async remove() {
        await removeServices(world, outputs.Cluster);
        if (outputs.Listener) await removeRules(world, outputs.Listener);
        await removeTargetGroups(world);
      },
    },
    {
      what: 'the clusters and capacity of models on EC2',
      remove: () => removeCapacity(world, containers),
    },
  ];
}

async function removeServices({ ecs, stage }: World, own: string): Promise<void> {
  for (const cluster of [own, ...(await managedClusters({ ecs, stage }))]) {
    const arns: string[] = [];
    await unlessGone(async () => {
      for await (const page of paginateListServices({ client: ecs }, { cluster })) {
        arns.push(...(page.serviceArns ?? []));
      }
    });
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

/** Retries, since an instance goes some time after its last task, and its provider after the instance. */
async function removeCapacity(world: World, containers: Containers): Promise<void> {
  const endMs = performance.now() + LONGEST_MS;
  for (;;) {
    await containers.removeCapacity();
    const left = await managedClusters(world);
    if (left.length === 0) return;
    if (performance.now() > endMs) {
      const reason = `${left.join(', ')} is in use. Run this again in a while`;
      throw new Failure('PlatformUnavailable', reason);
    }
    await sleep(LOOK_PERIOD_MS);
  }
}

async function managedClusters({ ecs, stage }: Omit<World, 'elb'>): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { clusterArns = [] } of paginateListClusters({ client: ecs }, {})) {
    names.push(...clusterArns.map((arn) => arn.slice(arn.lastIndexOf('/') + 1)));
  }
  const candidates = names.filter((name) => name.startsWith(managedPrefix(stage)));
  const found: string[] = [];
  for (const clusters of batches(candidates, CLUSTERS_AT_ONCE)) {
    const describe = new DescribeClustersCommand({ clusters, include: ['TAGS'] });
    const answer = await ask(() => ecs.send(describe));
    for (const { clusterName, tags, status } of answer.clusters ?? []) {
      const isOurs = status === 'ACTIVE' && tagMap(tags).get(TAG.stage) === stage;
      if (clusterName && isOurs) found.push(clusterName);
    }
  }
  return found;
}

/** The resources with the stage's tag. */
async function tagged(
  elb: ElasticLoadBalancingV2Client,
  arns: readonly string[],
  stage: string,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const ResourceArns of batches(arns, TAGS_AT_ONCE)) {
    const describe = new DescribeTagsCommand({ ResourceArns });
    const { TagDescriptions = [] } = await ask(() => elb.send(describe));
    for (const { ResourceArn, Tags } of TagDescriptions) {
      if (ResourceArn && tagMap(Tags).get(TAG.stage) === stage) found.push(ResourceArn);
    }
  }
  return found;
}

function batches(items: readonly string[], size: number): readonly string[][] {
  const starts = Array.from({ length: Math.ceil(items.length / size) }, (_, index) => index * size);
  return starts.map((start) => items.slice(start, start + size));
}
