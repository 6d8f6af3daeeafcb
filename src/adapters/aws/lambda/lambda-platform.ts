import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { ModelLogs } from '#adapters/aws/logs/cloudwatch-model-logs.ts';
import type { AwsFence } from '#adapters/aws/registry/fence.ts';
import { fencedChange, unfenced } from '#adapters/aws/registry/fenced-change.ts';
import { lookUntil, type Waiting } from '#adapters/aws/waiting.ts';
import { modelOf } from '#domain/identity.ts';
import type { AccountLimits } from '#ports/account-limits.ts';
import type { Platform } from '#ports/platform.ts';
import { learning } from './memory-limit.ts';
import type { ModelFunctions } from './model-function.ts';
import { functionChanges } from './model-function-changes.ts';
import { knownVersions, listRevisions } from './model-versions.ts';
import { revisionCreation } from './revision-creation.ts';
import { revisionLook } from './revision-look.ts';
import { forgetFunction, removeVersion } from './revision-removal.ts';

export type LambdaPlatformOptions = Waiting & {
  readonly lambda: LambdaClient;
  readonly logs: ModelLogs;
  readonly functions: ModelFunctions;
  readonly fence: AwsFence;
  readonly accountLimits: Pick<AccountLimits, 'learnFunctionMemory'>;
  /** The API's stage, for events. */
  readonly apiStage: string;
  /** How long one look waits for a starting server (ms): an invocation takes as long as the start. */
  readonly startLookMs: number;
};

const LOOK_PERIOD_MS = 1_000;

/**
 * One function per model, one published version per revision, named in the version's Description.
 * A revision is prepared in $LATEST; the look that finds it complete publishes it.
 */
export function lambdaPlatform(options: LambdaPlatformOptions): Platform {
  const { lambda, logs, functions, fence, accountLimits, clock, sleep } = options;
  const versions = knownVersions(lambda);
  const nameOf = (revision: string) => functions.prefix + modelOf(revision);
  const unfencedChangesOf = (name: string) => functionChanges(lambda, name, options, unfenced);
  const changesOf = async (model: string, epoch: number) => {
    const change = await fencedChange(fence, model, epoch);
    return functionChanges(lambda, functions.prefix + model, options, change);
  };
  const create = revisionCreation({ lambda, functions, versions, changesOf });
  const look = revisionLook({ ...options, versions, changesOf: unfencedChangesOf });

  return {
    create: (spec, epoch) => create(spec, epoch).catch(learning(accountLimits, spec)),
    describe: (revision, { waitMs }) =>
      lookUntil(
        ({ kind }) => kind !== 'pending',
        () => look(revision),
        { clock, sleep, waitMs, periodMs: LOOK_PERIOD_MS },
      ),
    // Lambda lets a version's requests finish whatever happens to the alias, and nothing needs stopping.
    drainSeconds: async () => 0,
    retire: (revision, epoch) => fence.pass(modelOf(revision), epoch),
    async remove(revision, epoch) {
      const changes = await changesOf(modelOf(revision), epoch);
      await removeVersion({ lambda, functions, versions }, revision, changes);
    },
    async forget(model, epoch) {
      await forgetFunction({ lambda, functions, versions }, model, await changesOf(model, epoch));
    },
    revisions: () => listRevisions(lambda, functions.prefix),
    async logTail(revision, query) {
      const name = nameOf(revision);
      const number = await versions.number(name, revision);
      return number ? logs.tail(name, number, query) : [];
    },
  };
}
