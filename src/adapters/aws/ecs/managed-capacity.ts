import {
  CreateCapacityProviderCommand,
  CreateClusterCommand,
  DeleteCapacityProviderCommand,
  DeleteClusterCommand,
  DescribeCapacityProvidersCommand,
  DescribeClustersCommand,
  type ECSClient,
  paginateListClusters,
} from '@aws-sdk/client-ecs';
import type { Change } from '#adapters/aws/registry/fenced-change.ts';
import { TAG, tagMap } from '#adapters/aws/tags.ts';
import { absentIf, ask } from './errors.ts';
import { type ManagedRequirement, managedPrefix } from './managed-requirement.ts';
import type { EcsSettings, ManagedCapacity } from './settings.ts';
import { type TimedCall, waitForNextLook } from './waiting.ts';

type Options = { readonly ecs: ECSClient; readonly settings: EcsSettings };

/**
 * Creates the cluster and the capacity provider if they are missing, and waits until a service can use them.
 * A managed instances provider is created in its cluster; PutClusterCapacityProviders, which would replace the cluster's whole list, is not involved.
 */
export async function ensureManagedCapacity(
  options: Options & TimedCall,
  capacity: ManagedCapacity,
  requirement: ManagedRequirement,
  change: Change,
): Promise<void> {
  const { ecs, settings } = options;
  const { cluster, name } = requirement;
  const tags = [{ key: TAG.stage, value: settings.stage }];
  if (!(await isCluster(ecs, cluster))) {
    const make = new CreateClusterCommand({ clusterName: cluster, tags });
    await change(() => ask(() => ecs.send(make)));
  }
  for (;;) {
    const status = await providerStatus(ecs, requirement);
    if (status === 'ACTIVE') return;
    if (status === undefined) {
      const make = creation(requirement, capacity, settings);
      await change(() => ask(() => ecs.send(make).catch(unlessThere)));
    }
    await waitForNextLook(options, `the capacity provider ${name} is ${status}`);
  }
}

function creation(
  { name, cluster, launch }: ManagedRequirement,
  { infrastructureRole, instanceProfile }: ManagedCapacity,
  { stage, subnets, securityGroup }: EcsSettings,
): CreateCapacityProviderCommand {
  return new CreateCapacityProviderCommand({
    name,
    cluster,
    managedInstancesProvider: {
      infrastructureRoleArn: infrastructureRole,
      propagateTags: 'CAPACITY_PROVIDER',
      instanceLaunchTemplate: {
        ec2InstanceProfileArn: instanceProfile,
        networkConfiguration: { subnets: [...subnets], securityGroups: [securityGroup] },
        // The instance metadata service rejects tags with a `/` in their name, and nothing reads tags there.
        instanceMetadataTagsPropagation: false,
        ...launch,
      },
    },
    tags: [{ key: TAG.stage, value: stage }],
  });
}

/**
 * Deletes the stage's unused capacity providers: ECS itself refuses to delete one in use.
 * `emptyClusters` also deletes clusters that have become empty.
 */
export async function removeUnusedCapacity(
  { ecs, settings: { stage } }: Options,
  { emptyClusters }: { readonly emptyClusters: boolean },
): Promise<void> {
  for (const cluster of await managedClusters(ecs, stage)) {
    const describe = new DescribeCapacityProvidersCommand({ cluster, include: ['TAGS'] });
    const { capacityProviders = [] } = await ask(() => ecs.send(describe));
    const ours = capacityProviders.filter(
      ({ name, tags, status }) =>
        name?.startsWith(managedPrefix(stage)) &&
        tagMap(tags).get(TAG.stage) === stage &&
        status === 'ACTIVE',
    );
    for (const { name } of ours) {
      const remove = new DeleteCapacityProviderCommand({ capacityProvider: name, cluster });
      await ask(() => ecs.send(remove).catch(unlessInUse));
    }
    if (emptyClusters)
      await ask(() => ecs.send(new DeleteClusterCommand({ cluster })).catch(unlessInUse));
  }
}

async function managedClusters(ecs: ECSClient, stage: string): Promise<readonly string[]> {
  const names: string[] = [];
  await ask(async () => {
    for await (const { clusterArns = [] } of paginateListClusters({ client: ecs }, {})) {
      names.push(...clusterArns.map((arn) => arn.slice(arn.lastIndexOf('/') + 1)));
    }
  });
  const candidates = names.filter((name) => name.startsWith(managedPrefix(stage)));
  if (candidates.length === 0) return [];
  const describe = new DescribeClustersCommand({ clusters: candidates, include: ['TAGS'] });
  const { clusters = [] } = await ask(() => ecs.send(describe));
  return clusters
    .filter(({ tags, status }) => status === 'ACTIVE' && tagMap(tags).get(TAG.stage) === stage)
    .flatMap(({ clusterName }) => clusterName ?? []);
}

async function isCluster(ecs: ECSClient, cluster: string): Promise<boolean> {
  const describe = new DescribeClustersCommand({ clusters: [cluster] });
  const { clusters = [] } = await ask(() => ecs.send(describe));
  return clusters.some(({ status }) => status === 'ACTIVE');
}

async function providerStatus(
  ecs: ECSClient,
  { name, cluster }: ManagedRequirement,
): Promise<string | undefined> {
  const describe = new DescribeCapacityProvidersCommand({ capacityProviders: [name], cluster });
  const found = await ask(() => ecs.send(describe).catch(absentIf('ClusterNotFoundException')));
  const status = found?.capacityProviders?.[0]?.status;
  return status === 'INACTIVE' ? undefined : status;
}

/** Another model's deployment may have created it meanwhile. */
function unlessThere(error: unknown): undefined {
  if (error instanceof Error && /already exists/.test(error.message)) return undefined;
  throw error;
}

const IN_USE = new Set([
  'ClusterContainsCapacityProviderException',
  'ClusterContainsContainerInstancesException',
  'ClusterContainsServicesException',
  'ClusterContainsTasksException',
  'ClusterNotFoundException',
  'ResourceInUseException',
  'UpdateInProgressException',
]);
// https://github.com/aws/containers-roadmap/issues/631
const IN_USE_TEXT = /in use|does not exist|not found/i;

function unlessInUse(error: unknown): undefined {
  if (error instanceof Error && (IN_USE.has(error.name) || IN_USE_TEXT.test(error.message))) {
    return undefined;
  }
  throw error;
}
