import type { LambdaClient } from '@aws-sdk/client-lambda';
import { failureName } from '#domain/failure.ts';
import type { ProbeAnswer, Prober } from '#ports/prober.ts';
import type { ModelRequest } from './invocation-event.ts';
import { type Invocation, invokeModel } from './invoke-model.ts';
import { LIVE } from './model-function.ts';
import { readVersions } from './model-versions.ts';
import { readProbeAddress } from './probe-address.ts';

export type LambdaProberOptions = {
  readonly lambda: LambdaClient;
  /** A model's function is named by this and the model. */
  readonly functionPrefix: string;
  readonly apiStage: string;
};

type Asked = Pick<ModelRequest, 'method' | 'path' | 'body'>;

/** Invokes the model's function with the event that its route would send, qualified: so a candidate is reached that has no traffic. */
export function lambdaProber({ lambda, functionPrefix, apiStage }: LambdaProberOptions): Prober {
  async function ask(address: string, asked: Asked, timeoutMs: number): Promise<ProbeAnswer> {
    const { model, qualifier: wanted } = readProbeAddress(address);
    const functionName = functionPrefix + model;
    const versions = async () => readVersions(lambda, functionName);
    const qualifier = wanted === LIVE ? LIVE : (await versions()).numbers.get(wanted);
    if (qualifier === undefined) return absent(functionName, wanted);

    const target = { functionName, qualifier, stage: apiStage };
    const startedAt = performance.now();
    const seen = await invokeModel(lambda, target, { model, ...asked }, timeoutMs);
    const latencyMs = performance.now() - startedAt;
    const answer = answerTo(seen, latencyMs) ?? absent(functionName, wanted);
    if (answer.kind === 'none' || answer.revision !== null || !('version' in seen)) return answer;
    return { ...answer, revision: (await versions()).revision(seen.version) ?? null };
  }

  async function tryTo(address: string, asked: Asked, timeoutMs: number): Promise<ProbeAnswer> {
    try {
      return await ask(address, asked, timeoutMs);
    } catch (error) {
      const name = failureName(error);
      const isNoAnswer = name === 'PlatformThrottled' || name === 'PlatformUnavailable';
      if (!isNoAnswer || !(error instanceof Error)) throw error;
      return { kind: 'none', reason: error.message };
    }
  }

  return {
    send: (address, model, { protocol, body }, timeoutMs) => {
      const path = protocol === 'infer' ? `/v2/models/${model}/infer` : '/invocations';
      return tryTo(address, { method: 'POST', path, body: JSON.stringify(body) }, timeoutMs);
    },
    ready: (address, timeoutMs) => tryTo(address, { method: 'GET', path: '/ping' }, timeoutMs),
  };
}

const TOO_MANY_REQUESTS = 429;
const BAD_GATEWAY = 502;

/** What a client would have got, with the reason in the body where the API would hide it; undefined where there is no function. */
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
