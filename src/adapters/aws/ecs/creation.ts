import type { CapacityProviderStrategyItem } from '@aws-sdk/client-ecs';
import { type Change, fencedChange } from '#adapters/aws/registry/fenced-change.ts';
import { revisionTags } from '#adapters/aws/tags.ts';
import { requireSameDeployment } from '#domain/identity.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import { ensureScaling } from './auto-scaling.ts';
import { type Definition, findDefinition, registerDefinition } from './definitions.ts';
import { ensureManagedCapacity } from './managed-capacity.ts';
import { managedRequirement } from './managed-requirement.ts';
import type { EcsPlatformOptions } from './options.ts';
import { stopRevision } from './removal.ts';
import { firstTasks } from './replicas.ts';
import { createService, findService, serviceRef } from './service.ts';
import { ensureTargetGroup, type TargetGroup, targetGroupOf } from './target-group.ts';
import { ensureTestRule } from './test-rule.ts';
import { type TimedCall, timedCreation } from './waiting.ts';

const MAX_WEIGHT = 1_000;

/**
 * Creates a revision, or continues where an earlier call stopped. The task definition comes first, since it records that the revision exists and where its parts are;
 * then the target group, the rule that uses it, and last the service: ECS refuses a service whose target group no rule uses.
 */
export async function createRevision(
  options: EcsPlatformOptions,
  spec: RevisionSpec,
  epoch: number,
): Promise<void> {
  const { ecs, elb, autoScaling, settings, clock } = options;
  const call = timedCreation(options);
  const change = await fencedChange(options.fence, spec.model, epoch);
  const definition =
    (await findDefinition(ecs, settings, spec.revision)) ??
    (await change(() => registerDefinition(ecs, settings, spec)));
  requireSameDeployment(spec, definition);

  const group = await groupOf(call, spec, definition, change);
  await ensureTestRule(elb, settings, spec, group.arn, change);
  const strategy = await capacityOf(call, spec, change);
  const service = serviceRef(definition.cluster, spec.revision, group.arn);
  if (!(await findService(ecs, service))) {
    const replicas = await firstTasks(options, spec);
    const making = { spec, definition, targetGroup: group.arn, strategy, replicas };
    await change(() => createService(ecs, settings, service, making));
  }
  const tags = revisionTags(spec, settings);
  const scaled = { service, listener: settings.listener, targetGroup: group.arn, tags };
  await ensureScaling(autoScaling, scaled, spec.scaling, clock.now(), change);
}

/** A group whose service is being deleted belongs to an unfinished retirement, which is completed first, since a deleted service cannot restart. */
async function groupOf(
  options: EcsPlatformOptions & TimedCall,
  spec: RevisionSpec,
  definition: Definition,
  change: Change,
): Promise<TargetGroup> {
  const { ecs, elb, settings } = options;
  const found = await targetGroupOf(elb, settings.stage, spec.revision);
  if (found) {
    const service = serviceRef(definition.cluster, spec.revision, found.arn);
    const state = await findService(ecs, service);
    const isLeaving = state && (state.status !== 'ACTIVE' || state.desiredCount === 0);
    if (isLeaving) await stopRevision(options, spec.revision, definition, change);
  }
  return ensureTargetGroup(elb, settings, spec, change);
}

async function capacityOf(
  options: EcsPlatformOptions & TimedCall,
  spec: RevisionSpec,
  change: Change,
): Promise<readonly CapacityProviderStrategyItem[]> {
  const { settings } = options;
  const { capacity } = settings;
  const { spot } = spec.scaling;
  if (capacity.target === 'fargate') return strategy('FARGATE', spot && 'FARGATE_SPOT', spec);
  const onDemand = managedRequirement(spec, settings, 'ON_DEMAND');
  await ensureManagedCapacity(options, capacity, onDemand, change);
  if (!spot) return strategy(onDemand.name, undefined, spec);
  const cheap = managedRequirement(spec, settings, 'SPOT');
  await ensureManagedCapacity(options, capacity, cheap, change);
  return strategy(onDemand.name, cheap.name, spec);
}

/**
 * All on demand, or the base on demand and the rest on Spot. A thousandth of the rest stays on demand, since a provider of weight 0 places no tasks, not even its base.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
 */
function strategy(
  onDemand: string,
  cheap: string | undefined,
  { scaling: { spot } }: RevisionSpec,
): readonly CapacityProviderStrategyItem[] {
  if (!cheap) return [{ capacityProvider: onDemand, weight: 1 }];
  const base = spot?.onDemandBase ?? 0;
  if (base === 0) return [{ capacityProvider: cheap, weight: 1 }];
  return [
    { capacityProvider: onDemand, base, weight: 1 },
    { capacityProvider: cheap, weight: MAX_WEIGHT },
  ];
}
