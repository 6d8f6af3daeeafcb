import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { Probe, Probes } from '#adapters/aws/api/probe-address.ts';
import { failureName } from '#domain/failure.ts';
import type { ProbeAnswer } from '#ports/prober.ts';
import { type Invocation, invokeModel } from './invoke-model.ts';
import { ALIASES, type FunctionKind } from './model-function.ts';
import { type KnownVersions, knownVersions } from './model-versions.ts';

export type LambdaProbesOptions = {
  readonly lambda: LambdaClient;
  /** The prefix of a model function's name, before the model. */
  readonly functionPrefix: string;
  readonly apiStage: string;
};

/** One revision, or whichever one the clients' alias of a kind chooses. */
export type FunctionProbed = {
  readonly model: string;
  readonly of: { readonly revision: string } | { readonly kind: FunctionKind };
};

/** Invokes the model's function with the event that its route would send, and with a qualifier: that reaches even a candidate without traffic. */
export function lambdaProbes(options: LambdaProbesOptions): Probes<FunctionProbed> {
  const versions = knownVersions(options.lambda);
  return async (to, probe, timeoutMs) => {
    try {
      return await ask({ ...options, versions }, to, probe, timeoutMs);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      switch (failureName(error)) {
        // AWS turned the probe away before it reached the model, which says nothing about the model.
        case 'PlatformThrottled':
          return answerOf(TOO_MANY_REQUESTS, error.message);
        case 'PlatformUnavailable':
          return { kind: 'none', reason: error.message };
        default:
          throw error;
      }
    }
  };
}

async function ask(
  {
    lambda,
    functionPrefix,
    apiStage,
    versions,
  }: LambdaProbesOptions & {
    readonly versions: KnownVersions;
  },
  { model, of }: FunctionProbed,
  probe: Probe,
  timeoutMs: number,
): Promise<ProbeAnswer> {
  const functionName = functionPrefix + model;
  const name = 'kind' in of ? ALIASES[of.kind] : of.revision;
  const invoke = async (qualifier: string) => {
    const startedAt = performance.now();
    const target = { functionName, qualifier, stage: apiStage };
    const seen = await invokeModel(lambda, target, { model, ...probe }, timeoutMs);
    return { seen, latencyMs: performance.now() - startedAt };
  };
  const isRemembered = 'revision' in of && versions.remembered(functionName, name) !== undefined;
  const qualifier = 'kind' in of ? name : await versions.number(functionName, name);
  if (qualifier === undefined) return absent(functionName, name);

  let { seen, latencyMs } = await invoke(qualifier);
  if (seen.kind === 'absent' && isRemembered) {
    // A version that was removed, and may have been published again under another number.
    const now = (await versions.list(functionName)).numbers.get(name);
    if (now !== undefined) ({ seen, latencyMs } = await invoke(now));
  }
  const answer = answerTo(seen, latencyMs) ?? absent(functionName, name);
  if (answer.kind === 'none' || answer.revision !== null || !('version' in seen)) return answer;
  return { ...answer, revision: (await versions.revision(functionName, seen.version)) ?? null };
}

const NOT_FOUND = 404;
const TOO_MANY_REQUESTS = 429;
const BAD_GATEWAY = 502;

/** The answer that a client would have got, with the reason in the body where the API would hide it; undefined when the function does not exist. */
function answerTo(seen: Invocation, latencyMs: number): ProbeAnswer | undefined {
  const answer = { kind: 'answer', revision: null, latencyMs } as const;
  switch (seen.kind) {
    case 'response': {
      const { status, headers, body } = seen.response;
      return { ...answer, status, body, revision: headers['x-slipway-revision'] ?? null };
    }
    case 'error':
      return { ...answer, status: BAD_GATEWAY, body: seen.error };
    case 'busy':
      return { ...answer, status: TOO_MANY_REQUESTS, body: seen.reason };
    case 'asleep':
    case 'late':
      return { kind: 'none', reason: seen.reason };
    case 'absent':
      return undefined;
  }
}

function absent(functionName: string, qualifier: string): ProbeAnswer {
  return answerOf(NOT_FOUND, `there is no ${functionName}:${qualifier}`);
}

/** An answer that no model gave. */
function answerOf(status: number, body: string): ProbeAnswer {
  return { kind: 'answer', status, body, revision: null, latencyMs: 0 };
}
