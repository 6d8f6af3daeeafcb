import { RegisterScalableTargetCommand } from '@aws-sdk/client-application-auto-scaling';
import { UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { limitedTo } from '#domain/placement/spent.ts';
import type { Ceiling } from '#ports/ceilings.ts';
import { scalableTarget } from './auto-scaling.ts';
import { findDefinition } from './definitions.ts';
import { ask } from './errors.ts';
import type { EcsPlatformOptions } from './options.ts';
import { findService, serviceRef } from './service.ts';
import type { Family } from './settings.ts';
import { targetGroupOf } from './target-group.ts';

type Options = Pick<EcsPlatformOptions, 'ecs' | 'elb' | 'autoScaling'> & {
  readonly settings: Family;
};

/**
 * Limits the tasks of a revision; one stays. A scalable target gets other limits, which its next schedule replaces, and the service the count that they allow: Auto Scaling alone would wait for its next alarm.
 * A no-op for a revision without a service.
 */
export async function setServiceCeiling(
  { ecs, elb, autoScaling, settings }: Options,
  revision: string,
  { most, usual, scales }: Ceiling,
): Promise<void> {
  const definition = await findDefinition(ecs, settings, revision);
  const group = definition && (await targetGroupOf(elb, settings.stage, revision));
  if (!group) return;
  const ref = serviceRef(definition.cluster, revision, group.arn);
  const service = await findService(ecs, ref);
  const desired = service?.desiredCount ?? 0;
  if (service?.status !== 'ACTIVE' || desired === 0) return;
  const { min, max } = limitedTo(usual, most === null ? null : Math.max(1, most));
  if (scales) {
    const limits = { MinCapacity: min, MaxCapacity: max };
    const command = new RegisterScalableTargetCommand({ ...scalableTarget(ref), ...limits });
    await ask(() => autoScaling.send(command));
  }
  const count = Math.min(max, Math.max(min, desired));
  if (count === desired) return;
  const command = new UpdateServiceCommand({
    cluster: ref.cluster,
    service: ref.name,
    desiredCount: count,
  });
  await ask(() => ecs.send(command));
}
