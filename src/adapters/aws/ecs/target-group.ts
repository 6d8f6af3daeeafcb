import {
  CreateTargetGroupCommand,
  DeleteTargetGroupCommand,
  DescribeTagsCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
  ModifyTargetGroupAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Change } from '#adapters/aws/registry/fenced-change.ts';
import { revisionTags, TAG, tagMap } from '#adapters/aws/tags.ts';
import { Failure } from '#domain/failure.ts';
import { HEALTH_CHECK } from '#domain/rollout/health-check.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import { absentIf, ask } from './errors.ts';
import { DRAIN_SECONDS, type EcsSettings } from './settings.ts';
import { targetGroupName } from './target-group-name.ts';

export type TargetGroup = { readonly arn: string; readonly tags: ReadonlyMap<string, string> };

/** The revision's target group; undefined when there is none. A foreign group with this name is not the revision's. */
export async function targetGroupOf(
  elb: ElasticLoadBalancingV2Client,
  stage: string,
  revision: string,
): Promise<TargetGroup | undefined> {
  const found = await targetGroupNamed(elb, targetGroupName(stage, revision));
  return found && isOf(found, stage, revision) ? found : undefined;
}

/** Creates the revision's target group, or completes one that an earlier call created. */
export async function ensureTargetGroup(
  elb: ElasticLoadBalancingV2Client,
  settings: EcsSettings,
  spec: RevisionSpec,
  change: Change,
): Promise<TargetGroup> {
  const name = targetGroupName(settings.stage, spec.revision);
  const look = () => targetGroupNamed(elb, name);
  // When two calls run at once, the second finds the first one's group.
  const group =
    (await look()) ?? (await change(() => create(elb, settings, spec))) ?? (await look());
  if (!group || !isOf(group, settings.stage, spec.revision)) {
    throw new Failure('RevisionFailed', `the target group ${name} belongs to somebody else`);
  }
  const delay = new ModifyTargetGroupAttributesCommand({
    TargetGroupArn: group.arn,
    Attributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: String(DRAIN_SECONDS) }],
  });
  await change(() => ask(() => elb.send(delay)));
  return group;
}

/** Undefined when a group with this name already exists. */
async function create(
  elb: ElasticLoadBalancingV2Client,
  settings: EcsSettings,
  spec: RevisionSpec,
): Promise<TargetGroup | undefined> {
  const { server } = spec;
  const tags = new Map(revisionTags(spec, settings));
  const command = new CreateTargetGroupCommand({
    Name: targetGroupName(settings.stage, spec.revision),
    // A task has its own address: awsvpc only supports this type.
    TargetType: 'ip',
    VpcId: settings.vpc,
    Protocol: 'HTTP',
    Port: server.port,
    HealthCheckPath: server.healthPath,
    HealthCheckIntervalSeconds: HEALTH_CHECK.intervalSeconds,
    HealthCheckTimeoutSeconds: HEALTH_CHECK.timeoutSeconds,
    HealthyThresholdCount: 2,
    UnhealthyThresholdCount: HEALTH_CHECK.badLooks,
    Matcher: { HttpCode: '200' },
    Tags: [...tags].map(([Key, Value]) => ({ Key, Value })),
  });
  const taken = absentIf('DuplicateTargetGroupNameException');
  const arn = (await ask(() => elb.send(command).catch(taken)))?.TargetGroups?.[0]?.TargetGroupArn;
  return arn === undefined ? undefined : { arn, tags };
}

/** The number of targets that pass the health check. Targets of a group that no rule uses are never checked. */
export async function healthyTargets(
  elb: ElasticLoadBalancingV2Client,
  TargetGroupArn: string,
): Promise<number> {
  const command = new DescribeTargetHealthCommand({ TargetGroupArn });
  const found = await ask(() => elb.send(command).catch(absentIf('TargetGroupNotFoundException')));
  const targets = found?.TargetHealthDescriptions ?? [];
  return targets.filter(({ TargetHealth }) => TargetHealth?.State === 'healthy').length;
}

/** Idempotent; a group that a rule still uses is `PlatformUnavailable`. */
export async function deleteTargetGroup(
  elb: ElasticLoadBalancingV2Client,
  TargetGroupArn: string,
): Promise<void> {
  const command = new DeleteTargetGroupCommand({ TargetGroupArn });
  await ask(() => elb.send(command).catch(absentIf('TargetGroupNotFoundException')));
}

async function targetGroupNamed(
  elb: ElasticLoadBalancingV2Client,
  name: string,
): Promise<TargetGroup | undefined> {
  const look = new DescribeTargetGroupsCommand({ Names: [name] });
  const absent = absentIf('TargetGroupNotFoundException');
  const arn = (await ask(() => elb.send(look).catch(absent)))?.TargetGroups?.[0]?.TargetGroupArn;
  if (!arn) return undefined;
  const tags = new DescribeTagsCommand({ ResourceArns: [arn] });
  const answer = await ask(() => elb.send(tags).catch(absent));
  return answer && { arn, tags: tagMap(answer.TagDescriptions?.[0]?.Tags) };
}

function isOf({ tags }: TargetGroup, stage: string, revision: string): boolean {
  return tags.get(TAG.stage) === stage && tags.get(TAG.revision) === revision;
}
