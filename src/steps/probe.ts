import { judgeGolden, shown } from '#domain/rollout/golden-verdict.ts';
import type { ProbeAnswer, Prober } from '#ports/prober.ts';
import type { Proof } from './proof.ts';

// A gateway's own reason, with a path and a fix, is longer than an answer of a model that is worth quoting.
const LONGEST_REASON = 800;

/** `busy`: refused at the concurrency limit, which shows neither health nor harm. */
export type ProbeResult =
  | { readonly kind: 'passed'; readonly latencyMs: number }
  | { readonly kind: 'busy' }
  | { readonly kind: 'failed'; readonly reason: string };

/** `by` is the revision that answered, null when nothing identifies it. */
export type Probed = { readonly by: string | null; readonly result: ProbeResult };

export const PROBE_TIMEOUT_MS = 29_000;

const TOO_MANY_REQUESTS = 429;

/** Sends the request that proved the version again, and judges the answer by the same rules. */
export async function probe(prober: Prober, address: string, proof: Proof): Promise<ProbeResult> {
  return (await probed(prober, address, proof)).result;
}

/** Like `probe`, at an address where more than one revision may answer. */
export async function probed(prober: Prober, address: string, proof: Proof): Promise<Probed> {
  const { model, request, declared } = proof;
  const answer = request
    ? await prober.send(address, model, request, PROBE_TIMEOUT_MS)
    : await prober.ready(address, declared.server.healthPath, PROBE_TIMEOUT_MS);
  const by = answer.kind === 'answer' ? answer.revision : null;
  if (!request) return { by, result: readiness(declared.server.healthPath, answer) };
  if (isBusy(answer)) return { by, result: { kind: 'busy' } };
  const verdict = judgeGolden(declared, { request, answer });
  const latencyMs = answer.kind === 'answer' ? answer.latencyMs : 0;
  return {
    by,
    result:
      verdict.kind === 'healthy'
        ? { kind: 'passed', latencyMs }
        : { kind: 'failed', reason: verdict.reason },
  };
}

/** Whether the answer from the readiness path `path` says that the server is ready. */
export function readiness(path: string, answer: ProbeAnswer): ProbeResult {
  if (isBusy(answer)) return { kind: 'busy' };
  if (answer.kind === 'none') return { kind: 'failed', reason: answer.reason };
  return answer.status === 200
    ? { kind: 'passed', latencyMs: answer.latencyMs }
    : {
        kind: 'failed',
        reason: `${path} was answered ${answer.status}: ${shown(answer.body, LONGEST_REASON)}`,
      };
}

/** Whether the request was turned away (429) before a model looked at it. */
export function isBusy(answer: ProbeAnswer): boolean {
  return answer.kind === 'answer' && answer.status === TOO_MANY_REQUESTS;
}
