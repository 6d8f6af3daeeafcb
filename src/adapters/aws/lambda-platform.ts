import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { Platform } from '#ports/platform.ts';
import type { ModelLogs } from './cloudwatch-model-logs.ts';
import { readFunction } from './function-state.ts';
import { type ModelFunctions, modelOf } from './model-function.ts';
import { type FunctionChanges, functionChanges } from './model-function-changes.ts';
import { readVersions } from './model-versions.ts';
import { revisionCreation } from './revision-creation.ts';
import { revisionLook } from './revision-look.ts';
import type { Waiting } from './waiting.ts';

export type LambdaPlatformOptions = Waiting & {
  readonly lambda: LambdaClient;
  readonly logs: ModelLogs;
  readonly functions: ModelFunctions;
  /** Of the API, as events name it. */
  readonly apiStage: string;
  /** How long one look waits for a server that is starting (ms): an invocation lasts as long as the start. */
  readonly startLookMs: number;
};

const LOOK_PERIOD_MS = 1_000;

/**
 * One function for each model, one published version for each revision, which its Description names.
 * A revision is made in $LATEST; the look that finds it done publishes it.
 */
export function lambdaPlatform(options: LambdaPlatformOptions): Platform {
  const { lambda, logs, functions, clock, sleep } = options;
  const nameOf = (revision: string) => functions.prefix + modelOf(revision);
  const changesOf = (name: string) => functionChanges(lambda, name, options);
  const look = revisionLook({ ...options, changesOf });

  async function remove(revision: string): Promise<void> {
    const name = nameOf(revision);
    const changes = changesOf(name);
    const { numbers } = await readVersions(lambda, name);
    const latest = await readFunction(lambda, name);
    const number = numbers.get(revision);
    const isLatest = latest?.revision === revision;
    const isOnly = numbers.size === (number ? 1 : 0) && (isLatest || latest?.revision === '');
    if (isOnly) return changes.remove();
    if (isLatest) await unmark(revision, changes);
    if (number) await changes.remove(number);
  }

  return {
    create: revisionCreation({ lambda, functions, changesOf }),
    async describe(revision, { waitMs }) {
      const endMs = clock.now() + waitMs;
      for (;;) {
        const state = await look(revision);
        const leftMs = endMs - clock.now();
        if (state.kind !== 'pending' || leftMs <= 0) return state;
        await sleep(Math.min(leftMs, LOOK_PERIOD_MS));
      }
    },
    // Lambda lets the requests of a version end, whatever becomes of the alias, and nothing of it is stopped.
    drainSeconds: async () => 0,
    retire: async () => {},
    remove,
    async logTail(revision, lines) {
      const name = nameOf(revision);
      const number = (await readVersions(lambda, name)).numbers.get(revision);
      return number ? logs.tail(name, number, lines) : [];
    },
  };
}

/** $LATEST is no revision's any more: else a look would publish it again. */
async function unmark(revision: string, changes: FunctionChanges): Promise<void> {
  const settled = await changes.settled();
  if (settled?.revision === revision) await changes.configure({ Description: '' }, settled);
}
