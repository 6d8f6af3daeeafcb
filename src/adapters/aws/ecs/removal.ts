import { type Change, fencedChange } from '#adapters/aws/registry/fenced-change.ts';
import { Failure } from '#domain/failure.ts';
import { modelOf } from '#domain/identity.ts';
import { removeScaling } from './auto-scaling.ts';
import {
  type Definition,
  definedRevisions,
  findDefinition,
  removeDefinitions,
} from './definitions.ts';
import { removeUnusedCapacity } from './managed-capacity.ts';
import type { EcsPlatformOptions } from './options.ts';
import { deleteService, findService, type ServiceRef, serviceRef } from './service.ts';
import { deleteTargetGroup, targetGroupOf } from './target-group.ts';
import { readRules, removeTestRule, servesClients } from './test-rule.ts';
import { type TimedCall, timedRemoval, waitForNextLook } from './waiting.ts';

/** Stops a revision's tasks, and keeps its definition. */
export async function retireRevision(
  options: EcsPlatformOptions,
  revision: string,
  epoch: number,
): Promise<void> {
  const change = await fencedChange(options.fence, modelOf(revision), epoch);
  const definition = await findDefinition(options.ecs, options.settings, revision);
  if (definition) await stopRevision(timedRemoval(options), revision, definition, change);
}

export async function removeRevision(
  options: EcsPlatformOptions,
  revision: string,
  epoch: number,
): Promise<void> {
  const { ecs, settings } = options;
  const change = await fencedChange(options.fence, modelOf(revision), epoch);
  const definition = await findDefinition(ecs, settings, revision);
  if (definition) await stopRevision(timedRemoval(options), revision, definition, change);
  await removeDefinitions(ecs, settings, revision, change);
  if (settings.capacity.target === 'ec2') {
    await removeUnusedCapacity(options, { emptyClusters: false });
  }
}

/** Removes task definitions left by unfinished removals of the model, and unused capacity. */
export async function forgetModel(
  options: EcsPlatformOptions,
  model: string,
  epoch: number,
): Promise<void> {
  const { ecs, settings } = options;
  const change = await fencedChange(options.fence, model, epoch);
  const left = await definedRevisions(ecs, settings, 'INACTIVE');
  for (const revision of left.filter((name) => isOf(name, model))) {
    await removeDefinitions(ecs, settings, revision, change);
  }
  if (settings.capacity.target === 'ec2') {
    await removeUnusedCapacity(options, { emptyClusters: true });
  }
}

/**
 * Deletes a revision's rule, service and target group, in this order: the service refers to the group, and its tasks must leave the group first.
 * Fails with `PlatformUnavailable` while it still receives client traffic, and when its tasks have not ended in time.
 */
export async function stopRevision(
  options: EcsPlatformOptions & TimedCall,
  revision: string,
  { cluster }: Definition,
  change: Change,
): Promise<void> {
  const { ecs, elb, autoScaling, settings } = options;
  const group = await targetGroupOf(elb, settings.stage, revision);
  if (!group) return;
  const rules = await readRules(elb, settings.listener);
  if (servesClients(rules, revision, group.arn)) {
    throw new Failure('PlatformUnavailable', `${revision} still has clients' traffic`);
  }
  const service = serviceRef(cluster, revision, group.arn);
  await removeScaling(autoScaling, service, change);
  await removeTestRule(elb, rules, { revision, targetGroup: group.arn }, change);
  await deleteService(ecs, service, change);
  await untilEnded(options, service);
  await change(() => deleteTargetGroup(elb, group.arn));
}

/** A service becomes INACTIVE once all its tasks have left the target group. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteService.html */
async function untilEnded(call: EcsPlatformOptions & TimedCall, ref: ServiceRef): Promise<void> {
  for (;;) {
    const { status = 'INACTIVE', runningCount, events } = (await findService(call.ecs, ref)) ?? {};
    if (status === 'INACTIVE') return;
    const said = events?.[0]?.message ? `; ECS says: ${events[0].message}` : '';
    await waitForNextLook(call, `${ref.name} still has ${runningCount} tasks${said}`);
  }
}

function isOf(revision: string, model: string): boolean {
  return /-v\d+$/.test(revision) && modelOf(revision) === model;
}
