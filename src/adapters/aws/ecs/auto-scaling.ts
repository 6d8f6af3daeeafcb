import {
  type ApplicationAutoScalingClient,
  DeregisterScalableTargetCommand,
  PutScalingPolicyCommand,
  PutScheduledActionCommand,
  RegisterScalableTargetCommand,
  TagResourceCommand,
} from '@aws-sdk/client-application-auto-scaling';
import type { Change } from '#adapters/aws/registry/fenced-change.ts';
import type { Tags } from '#adapters/aws/tags.ts';
import type { ReplicaScaling } from '#domain/manifest/scaling.ts';
import { type ReplicaLimits, scaleAt, scheduledLimits } from '#domain/placement/scale.ts';
import { absentIf, ask } from './errors.ts';
import type { ServiceRef } from './service.ts';

export type ScaledService = {
  readonly service: ServiceRef;
  readonly listener: string;
  readonly targetGroup: string;
  readonly tags: Tags;
};

const POLICY = 'requests';

/** Makes the service scale as `scaling` says; a no-op when its size is fixed. */
export async function ensureScaling(
  client: ApplicationAutoScalingClient,
  scaled: ScaledService,
  scaling: ReplicaScaling,
  nowMs: number,
  change: Change,
): Promise<void> {
  const now = scaleAt(scaling, nowMs);
  const later = scaling.schedules.map((schedule) => scheduledLimits(scaling, schedule));
  const grows = [now, ...later].some(({ min, max }) => max > min);
  if (!grows && later.length === 0) return;

  const target = scalableTarget(scaled.service);
  await change(() => register(client, scaled, now));
  if (grows) {
    const policy = trackRequests(scaled, scaling.requestsPerMinute);
    await change(() => ask(() => client.send(policy)));
  }
  for (const [index, schedule] of scaling.schedules.entries()) {
    const action = new PutScheduledActionCommand({
      ...target,
      ScheduledActionName: `schedule-${index}`,
      Schedule: cron(schedule),
      Timezone: schedule.timeZone,
      ScalableTargetAction: capacityOf(scheduledLimits(scaling, schedule)),
    });
    await change(() => ask(() => client.send(action)));
  }
}

/** Removes the scalable target with its policy and schedules. https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeregisterScalableTarget.html */
export async function removeScaling(
  client: ApplicationAutoScalingClient,
  service: ServiceRef,
  change: Change,
): Promise<void> {
  const command = new DeregisterScalableTargetCommand(scalableTarget(service));
  await change(() => ask(() => client.send(command).catch(absentIf('ObjectNotFoundException'))));
}

/** A target takes its tags when it is created, and a call that would give them to one that is there is refused. */
async function register(
  client: ApplicationAutoScalingClient,
  { service, tags }: ScaledService,
  limits: ReplicaLimits,
): Promise<void> {
  const wanted = { ...scalableTarget(service), ...capacityOf(limits) };
  const Tags = Object.fromEntries(tags);
  const created = new RegisterScalableTargetCommand({ ...wanted, Tags });
  if (await ask(() => client.send(created).catch(undefinedIfThere))) return;

  const updated = new RegisterScalableTargetCommand(wanted);
  const { ScalableTargetARN: ResourceARN } = await ask(() => client.send(updated));
  await ask(() => client.send(new TagResourceCommand({ ResourceARN, Tags })));
}

/** https://github.com/terraform-aws-modules/terraform-aws-rds-aurora/pull/420 */
function undefinedIfThere(error: unknown): undefined {
  if (error instanceof Error && /tried to tag already exists/.test(error.message)) return undefined;
  throw error;
}

function trackRequests(
  { service, listener, targetGroup }: ScaledService,
  requestsPerMinute: number,
): PutScalingPolicyCommand {
  return new PutScalingPolicyCommand({
    ...scalableTarget(service),
    PolicyName: POLICY,
    PolicyType: 'TargetTrackingScaling',
    TargetTrackingScalingPolicyConfiguration: {
      TargetValue: requestsPerMinute,
      PredefinedMetricSpecification: {
        PredefinedMetricType: 'ALBRequestCountPerTarget',
        ResourceLabel: resourceLabel(listener, targetGroup),
      },
    },
  });
}

/**
 * The load balancer and the target group, as the last parts of their ARNs: `app/<name>/<id>/targetgroup/<name>/<id>`.
 * https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PredefinedMetricSpecification.html
 */
export function resourceLabel(listener: string, targetGroup: string): string {
  const balancer = /:listener\/(app\/[^/]+\/[^/]+)\//.exec(listener)?.[1] ?? '';
  return `${balancer}/${targetGroup.slice(targetGroup.lastIndexOf(':') + 1)}`;
}

export function scalableTarget({ cluster, name }: ServiceRef) {
  return {
    ServiceNamespace: 'ecs',
    ResourceId: `service/${cluster}/${name}`,
    ScalableDimension: 'ecs:service:DesiredCount',
  } as const;
}

function capacityOf({ min, max }: ReplicaLimits) {
  return { MinCapacity: min, MaxCapacity: max };
}

function cron({ days, at }: ReplicaScaling['schedules'][number]): string {
  const [hours, minutes] = at.split(':').map(Number);
  return `cron(${minutes} ${hours} ? * ${days.join(',').toUpperCase()} *)`;
}
