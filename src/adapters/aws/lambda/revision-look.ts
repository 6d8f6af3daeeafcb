import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { ModelLogs } from '#adapters/aws/logs/cloudwatch-model-logs.ts';
import { modelOf } from '#domain/identity.ts';
import { type RevisionState, textsOf } from '#ports/platform.ts';
import { type FunctionState, hasItsImage, readFunction } from './function-state.ts';
import { type Invocation, invokeModel } from './invoke-model.ts';
import type { ModelFunctions } from './model-function.ts';
import type { FunctionChanges } from './model-function-changes.ts';
import type { KnownVersions } from './model-versions.ts';

type Options = {
  readonly lambda: LambdaClient;
  readonly logs: ModelLogs;
  readonly functions: ModelFunctions;
  readonly versions: KnownVersions;
  readonly apiStage: string;
  readonly startLookMs: number;
  changesOf(functionName: string): FunctionChanges;
};

const LOG_LINES = 20;
const SERVER_ERROR = 500;
// A server that is not ready yet.
const LOADING = 503;

// Lambda ended an invocation before the server was ready, or the server says that its model is loading.
const STILL_LOADING = /Task timed out after|status code: 503/;

/** Reads a revision's state once. A look that finds $LATEST complete publishes it, conditional on the RevisionId that it saw, so it needs no lease. */
export function revisionLook(options: Options): (revision: string) => Promise<RevisionState> {
  const { lambda, logs, functions, versions, changesOf } = options;

  async function look(revision: string): Promise<RevisionState> {
    const name = functions.prefix + modelOf(revision);
    const known = versions.remembered(name, revision);
    const seen = known === undefined ? undefined : await readFunction(lambda, name, known);
    if (known !== undefined && seen?.revision === revision) return lookAtVersion(name, seen, known);
    // It may have been removed, and published again under another number.
    if (known !== undefined) versions.forget(name);

    const latest = await readFunction(lambda, name);
    // Nothing is published before its image is taken.
    const isBegun = latest?.revision === revision && latest.condition.kind === 'pending';
    if (isBegun) return latest.condition;
    const number = (await versions.list(name)).numbers.get(revision);
    if (number) return lookAtVersion(name, await readFunction(lambda, name, number), number);
    if (latest?.revision !== revision) return { kind: 'absent' };
    const { condition } = latest;
    switch (condition.kind) {
      case 'failed':
        return { ...condition, logTail: [] };
      case 'pending':
        return condition;
      case 'inactive':
        return wake(options, name, revision, '$LATEST');
      case 'active':
        if (!hasItsImage(latest)) return { kind: 'pending', reason: 'its image is not set yet' };
        versions.remember(name, revision, await changesOf(name).publish(latest));
        // An immediate read may not find the new version yet. https://github.com/hashicorp/terraform-provider-aws/issues/14578
        return { kind: 'pending', reason: 'Lambda has just published it' };
    }
  }

  async function lookAtVersion(
    name: string,
    found: FunctionState | undefined,
    number: string,
  ): Promise<RevisionState> {
    const readLog = async () => textsOf(await logs.tail(name, number, { lines: LOG_LINES }));
    const condition = found?.condition;
    const revision = found?.revision ?? '';
    switch (condition?.kind) {
      case undefined:
        // The list had it a moment ago.
        return { kind: 'pending', reason: 'Lambda has only just published it' };
      case 'failed':
        return { ...condition, logTail: await readLog() };
      case 'pending':
        return condition;
      case 'inactive':
        return wake(options, name, revision, number);
      case 'active':
        return stateAfter(await ping(options, name, revision, number), readLog);
    }
  }

  return look;
}

async function wake(...target: Parameters<typeof ping>): Promise<RevisionState> {
  await ping(...target);
  return { kind: 'pending', reason: 'Lambda had put it aside for want of requests' };
}

function ping(
  { lambda, apiStage, startLookMs }: Options,
  functionName: string,
  revision: string,
  qualifier: string,
): Promise<Invocation> {
  return invokeModel(
    lambda,
    { functionName, qualifier, stage: apiStage },
    { model: modelOf(revision), method: 'GET', path: '/ping' },
    startLookMs,
  );
}

/** The server's description of itself. */
async function readiness(
  { response: { status }, startMs }: Extract<Invocation, { kind: 'response' }>,
  readLog: () => Promise<readonly string[]>,
): Promise<RevisionState> {
  if (status < SERVER_ERROR) return { kind: 'ready', startMs };
  const reason = `its server answered /ping with ${status}`;
  if (status === LOADING) return { kind: 'pending', reason };
  return { kind: 'failed', reason, logTail: (await readLog()).slice(-LOG_LINES) };
}

/** Active only means that the image is there: Lambda starts its server with the first invocation. */
async function stateAfter(
  ping: Invocation,
  readLog: () => Promise<readonly string[]>,
): Promise<RevisionState> {
  switch (ping.kind) {
    case 'response':
      return readiness(ping, readLog);
    case 'absent':
      return { kind: 'absent' };
    case 'busy':
    case 'asleep':
    case 'late':
      return { kind: 'pending', reason: ping.reason };
    case 'error': {
      const { error: reason, log } = ping;
      if (STILL_LOADING.test(reason)) return { kind: 'pending', reason };
      const logTail = log.length > 0 ? log : await readLog();
      return { kind: 'failed', reason, logTail: logTail.slice(-LOG_LINES) };
    }
  }
}
