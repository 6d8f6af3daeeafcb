import { declaredOf } from '#domain/declared.ts';
import type { Deployment } from '#domain/deployment.ts';
import { goldenRequest } from '#domain/golden-request.ts';
import { judgeGolden } from '#domain/golden-verdict.ts';
import type { ProbeAnswer, Prober } from '#ports/prober.ts';
import { requireWork } from './require-deployment.ts';

/** `busy`: turned away at the concurrency limit, which shows neither health nor harm. */
export type ProbeResult =
  | { readonly kind: 'passed'; readonly latencyMs: number }
  | { readonly kind: 'busy' }
  | { readonly kind: 'failed'; readonly reason: string };

export const PROBE_TIMEOUT_MS = 29_000;

const TOO_MANY_REQUESTS = 429;

/** Sends what the version was proven by once more and judges the answer as it was judged then. */
export async function probe(
  prober: Prober,
  address: string,
  { model, work }: Deployment,
): Promise<ProbeResult> {
  const { sample } = requireWork(work.golden, 'golden proof');
  const inspection = requireWork(work.inspection, 'inspection');
  if (sample === 'readiness') return readiness(await prober.ready(address, PROBE_TIMEOUT_MS));

  const declared = declaredOf(inspection, work);
  const request = goldenRequest(declared, sample);
  const answer = await prober.send(address, model, request, PROBE_TIMEOUT_MS);
  if (isBusy(answer)) return { kind: 'busy' };
  const verdict = judgeGolden(declared, { request, answer });
  return verdict.kind === 'healthy'
    ? { kind: 'passed', latencyMs: answer.kind === 'answer' ? answer.latencyMs : 0 }
    : { kind: 'failed', reason: verdict.reason };
}

/** Whether a server that is asked for its readiness says so. */
export function readiness(answer: ProbeAnswer): ProbeResult {
  if (isBusy(answer)) return { kind: 'busy' };
  if (answer.kind === 'none') return { kind: 'failed', reason: answer.reason };
  return answer.status === 200
    ? { kind: 'passed', latencyMs: answer.latencyMs }
    : { kind: 'failed', reason: `/ping was answered ${answer.status}: ${answer.body}` };
}

function isBusy(answer: ProbeAnswer): boolean {
  return answer.kind === 'answer' && answer.status === TOO_MANY_REQUESTS;
}
