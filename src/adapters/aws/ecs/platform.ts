import { lookUntil } from '#adapters/aws/waiting.ts';
import { modelOf } from '#domain/identity.ts';
import type { Platform } from '#ports/platform.ts';
import { createRevision } from './creation.ts';
import { definedRevisions, findDefinition } from './definitions.ts';
import { lookAtRevision } from './look.ts';
import type { EcsPlatformOptions } from './options.ts';
import { forgetModel, removeRevision, retireRevision } from './removal.ts';
import { findService, serviceRef } from './service.ts';
import { DRAIN_SECONDS } from './settings.ts';

import { targetGroupOf } from './target-group.ts';

const LOOK_PERIOD_MS = 5_000;

/**
 * Fargate, or EC2 through ECS Managed Instances: each revision has its own service, target group and test rule.
 * A retired revision is a task definition that nothing runs.
 */
export function ecsPlatform(options: EcsPlatformOptions): Platform {
  const { ecs, elb, settings, clock, sleep } = options;

  async function runningTasks(revision: string): Promise<number> {
    const definition = await findDefinition(ecs, settings, revision);
    const group = definition && (await targetGroupOf(elb, settings.stage, revision));
    if (!group) return 0;
    const service = await findService(ecs, serviceRef(definition.cluster, revision, group.arn));
    return service?.runningCount ?? 0;
  }

  return {
    create: (spec, epoch) => createRevision(options, spec, epoch),
    describe: (revision, { waitMs }) =>
      lookUntil(
        ({ kind }) => kind !== 'pending',
        () => lookAtRevision(options, revision),
        { clock, sleep, waitMs, periodMs: LOOK_PERIOD_MS },
      ),
    // The number of requests in flight is unknown, so any running task gets the whole drain time.
    drainSeconds: async (revision) => ((await runningTasks(revision)) > 0 ? DRAIN_SECONDS : 0),
    retire: (revision, epoch) => retireRevision(options, revision, epoch),
    remove: (revision, epoch) => removeRevision(options, revision, epoch),
    forget: (model, epoch) => forgetModel(options, model, epoch),
    async revisions() {
      const names = await definedRevisions(ecs, settings, 'ACTIVE');
      return names
        .filter((name) => /-v\d+$/.test(name))
        .map((revision) => ({ revision, model: modelOf(revision) }));
    },
    logTail: (revision, query) => options.logs.tail(revision, query),
  };
}
