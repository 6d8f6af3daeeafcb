import { firstReplicas, scaleAt } from '#domain/placement/scale.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import { findDefinition } from './definitions.ts';
import { listenerRule } from './listener-rule.ts';
import type { EcsPlatformOptions } from './options.ts';
import { findService, serviceRef } from './service.ts';
import { targetGroupOf } from './target-group.ts';

/** The initial number of tasks of a revision. */
export async function firstTasks(
  options: EcsPlatformOptions,
  { model, scaling }: RevisionSpec,
): Promise<number> {
  const { elb, settings, clock } = options;
  const rule = listenerRule({ elb, front: settings, apiStage: settings.apiStage });
  const live = Object.keys((await rule.read(model))?.shares ?? {});
  const counts = await Promise.all(live.map((revision) => desiredReplicas(options, revision)));
  return firstReplicas(counts, scaleAt(scaling, clock.now()));
}

/** 0 also for a revision of another target. */
async function desiredReplicas(
  { ecs, elb, settings }: EcsPlatformOptions,
  revision: string,
): Promise<number> {
  const definition = await findDefinition(ecs, settings, revision);
  const group = definition && (await targetGroupOf(elb, settings.stage, revision));
  if (!group) return 0;
  const service = await findService(ecs, serviceRef(definition.cluster, revision, group.arn));
  return service?.desiredCount ?? 0;
}
