import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { Probe, Probes } from '#adapters/aws/routes/probe-address.ts';
import { failureName } from '#domain/failure.ts';
import type { ProbeAnswer } from '#ports/prober.ts';
import { type Invocation, invokeModel } from './invoke-model.ts';
import { ALIASES, type FunctionKind } from './model-function.ts';
import { readVersions } from './model-versions.ts';

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
  return async (to, probe, timeoutMs) => {
    try {
      return await ask(options, to, probe, timeoutMs);
    } catch (error) {
      const name = failureName(error);
      const isNoAnswer = name === 'PlatformThrottled' || name === 'PlatformUnavailable';
      if (!isNoAnswer || !(error instanceof Error)) throw error;
      return { kind: 'none', reason: error.message };
    }
  };
}

async function ask(
  { lambda, functionPrefix, apiStage }: LambdaProbesOptions,
  { model, of }: FunctionProbed,
  probe: Probe,
  timeoutMs: number,
): Promise<ProbeAnswer> {
  const functionName = functionPrefix + model;
  const versions = async () => readVersions(lambda, functionName);
  const name = 'kind' in of ? ALIASES[of.kind] : of.revision;
  const qualifier = 'kind' in of ? name : (await versions()).numbers.get(name);
  if (qualifier === undefined) return absent(functionName, name);

  const target = { functionName, qualifier, stage: apiStage };
  const startedAt = performance.now();
  const seen = await invokeModel(lambda, target, { model, ...probe }, timeoutMs);
  const latencyMs = performance.now() - startedAt;
  const answer = answerTo(seen, latencyMs) ?? absent(functionName, name);
  if (answer.kind === 'none' || answer.revision !== null || !('version' in seen)) return answer;
  return { ...answer, revision: (await versions()).revision(seen.version) ?? null };
}

const TOO_MANY_REQUESTS = 429;
const BAD_GATEWAY = 502;

/** What a client would have got, with the reason in the body where the API would hide it; undefined when the function does not exist. */
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
  const body = `there is no ${functionName}:${qualifier}`;
  return { kind: 'answer', status: 404, body, revision: null, latencyMs: 0 };
}
