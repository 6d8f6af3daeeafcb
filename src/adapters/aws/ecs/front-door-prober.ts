import type { LambdaClient } from '@aws-sdk/client-lambda';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Probe, Probes } from '#adapters/aws/api/probe-address.ts';
import { translated } from '#adapters/aws/failures.ts';
import { Failure } from '#domain/failure.ts';
import { reasonOf } from '#domain/reason.ts';
import { bytesOf } from '#domain/rollout/golden-request.ts';
import { PROBE_ID, type ProbeAnswer } from '#ports/prober.ts';

export type FrontDoorProbesOptions = {
  /** The API's URL with its stage, without a trailing slash. */
  readonly url: string;
  /** The caller's identity, as resolved by any AWS client. */
  readonly identity: Pick<LambdaClient['config'], 'credentials' | 'region' | 'sha256'>;
};

/** The API resource that forwards the rest of the path to the load balancer, for callers whom IAM allows. */
const PROBE = '/_probe';
const FORBIDDEN = 403;

/** Probes the containers' load balancer through the API, as clients' requests do; `to` is a path of its rules. */
export function frontDoorProbes({ url, identity }: FrontDoorProbesOptions): Probes<string> {
  const signer = new SignatureV4({ ...identity, service: 'execute-api' });

  return async (to, probe, timeoutMs) => {
    const target = new URL(`${url}${PROBE}${to}${probe.path}`);
    const body = probe.sent ? bytesOf(probe.sent) : null;
    const headers = await translated(() => signedHeaders(signer, target, probe, body));
    const signal = AbortSignal.timeout(timeoutMs);
    const startedAt = performance.now();
    try {
      const { method } = probe;
      const request = { method, headers, body, signal, redirect: 'manual' } as const;
      const response = await fetch(target, request);
      const text = await response.text();
      return answerTo(response, text, performance.now() - startedAt);
    } catch (error) {
      if (error instanceof Failure) throw error;
      if (signal.aborted) return { kind: 'none', reason: `no answer within ${timeoutMs} ms` };
      return { kind: 'none', reason: reasonOf(error) };
    }
  };
}

async function signedHeaders(
  signer: SignatureV4,
  target: URL,
  { method, sent }: Probe,
  body: string | Uint8Array | null,
): Promise<Record<string, string>> {
  const { headers } = await signer.sign({
    method,
    protocol: target.protocol,
    hostname: target.hostname,
    path: target.pathname,
    headers: {
      host: target.host,
      'content-type': sent?.contentType ?? 'application/json',
    },
    body,
  });
  return { ...headers, 'user-agent': 'slipway-probe', 'x-request-id': PROBE_ID };
}

function answerTo(response: Response, body: string, latencyMs: number): ProbeAnswer {
  const { status, headers } = response;
  // Only API Gateway's own responses have it.
  // https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
  const refusal = headers.get('x-amzn-errortype');
  if (status === FORBIDDEN && refusal !== null) {
    throw new Failure('PlatformDenied', `${refusal}: ${body}`);
  }
  const revision = headers.get('x-slipway-revision');
  return { kind: 'answer', status, body, revision, latencyMs };
}
