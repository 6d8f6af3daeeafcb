import { createHash } from 'node:crypto';
import {
  type CapacityProviderStrategyItem,
  CreateServiceCommand,
  DeleteServiceCommand,
  DescribeServicesCommand,
  type ECSClient,
  type Service,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import type { Change } from '#adapters/aws/registry/fenced-change.ts';
import { revisionTags, TAG, tagMap } from '#adapters/aws/tags.ts';
import { provisioningLimit } from '#domain/placement/start-limit.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import type { Definition } from './definitions.ts';
import { absentIf, ask } from './errors.ts';
import { CONTAINER, type EcsSettings } from './settings.ts';

/** Identifies a service: each target group has its own, so a revision that starts again does not wait for the old one to drain. */
export type ServiceRef = { readonly cluster: string; readonly name: string };

// A client token has at most 36 characters. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
const TOKEN_HEX_DIGITS = 32;

export function serviceRef(cluster: string, revision: string, targetGroup: string): ServiceRef {
  const id = targetGroup.slice(targetGroup.lastIndexOf('/') + 1);
  return { cluster, name: `${revision}-${id}` };
}

/** Undefined when it does not exist; a deleted one may still be listed, as DRAINING and then INACTIVE. */
export async function findService(
  ecs: ECSClient,
  { cluster, name }: ServiceRef,
): Promise<Service | undefined> {
  const command = new DescribeServicesCommand({
    cluster,
    services: [name],
    include: ['TAGS'],
  });
  const found = await ask(() => ecs.send(command).catch(absentIf('ClusterNotFoundException')));
  return found?.services?.[0];
}

/** Its initial number of tasks. */
export function startedWith({ tags }: Service): number {
  return Number(tagMap(tags).get(TAG.replicas) ?? 1);
}

type Making = {
  readonly spec: RevisionSpec;
  readonly definition: Definition;
  readonly targetGroup: string;
  readonly strategy: readonly CapacityProviderStrategyItem[];
  readonly replicas: number;
};

/** Succeeds too if it was created meanwhile, with whatever count of tasks. */
export async function createService(
  ecs: ECSClient,
  settings: EcsSettings,
  { cluster, name }: ServiceRef,
  making: Making,
): Promise<void> {
  const { spec, definition, targetGroup, strategy, replicas } = making;
  const tags = [...revisionTags(spec, settings), [TAG.replicas, String(replicas)] as const];
  const command = new CreateServiceCommand({
    cluster,
    serviceName: name,
    clientToken: createHash('sha256').update(name).digest('hex').slice(0, TOKEN_HEX_DIGITS),
    taskDefinition: definition.arn,
    desiredCount: replicas,
    capacityProviderStrategy: [...strategy],
    networkConfiguration: { awsvpcConfiguration: network(settings) },
    loadBalancers: [
      {
        targetGroupArn: targetGroup,
        containerName: CONTAINER.name,
        containerPort: spec.server.port,
      },
    ],
    // Keeps ECS from replacing a model that is still loading.
    healthCheckGracePeriodSeconds:
      provisioningLimit(settings.provisioningSeconds, spec) + spec.startupTimeoutSeconds,
    deploymentConfiguration: {
      // There is nothing to roll back to: each revision has its own service.
      deploymentCircuitBreaker: { enable: true, rollback: false },
      // A host is only removed once its replacement runs.
      minimumHealthyPercent: 100,
      maximumPercent: 200,
    },
    propagateTags: 'SERVICE',
    enableECSManagedTags: true,
    tags: tags.map(([key, value]) => ({ key, value })),
  });
  await ask(() => ecs.send(command).catch(unlessThere));
}

/** Its tasks end, and ECS then removes it. Idempotent. */
export async function deleteService(
  ecs: ECSClient,
  { cluster, name }: ServiceRef,
  change: Change,
): Promise<void> {
  const gone = absentIf(
    'ClusterNotFoundException',
    'ServiceNotActiveException',
    'ServiceNotFoundException',
  );
  const idle = new UpdateServiceCommand({ cluster, service: name, desiredCount: 0 });
  await change(() => ask(() => ecs.send(idle).catch(gone)));
  const removal = new DeleteServiceCommand({ cluster, service: name });
  await change(() => ask(() => ecs.send(removal).catch(gone)));
}

function network({ subnets, securityGroup, capacity }: EcsSettings) {
  return {
    subnets: [...subnets],
    securityGroups: [securityGroup],
    // A task on an instance takes none: its host pulls the image.
    ...(capacity.target === 'fargate' && {
      assignPublicIp: capacity.assignPublicIp ? ('ENABLED' as const) : ('DISABLED' as const),
    }),
  };
}

function unlessThere(error: unknown): undefined {
  if (error instanceof Error && /was not idempotent/.test(error.message)) return undefined;
  throw error;
}
