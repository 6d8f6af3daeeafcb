import type { Deployment, GoldenProof } from '#domain/deployment.ts';
import { goldenRequest, goldenSamples } from '#domain/golden-request.ts';
import { type GoldenAttempt, isProof, judgeGoldens } from '#domain/golden-verdict.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Prober } from '#ports/prober.ts';
import type { Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { PROBE_TIMEOUT_MS, readiness } from './probe.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly router: Router;
  readonly prober: Prober;
};

type Examination =
  | { readonly kind: 'healthy'; readonly golden: GoldenProof }
  | { readonly kind: 'unhealthy'; readonly reason: string };

export const checkHealth =
  ({ registry, router, prober }: Deps) =>
  async ({ deploymentId, epoch }: StepInput<'CheckHealth'>): Promise<StepOutput<'CheckHealth'>> => {
    const holder = { deploymentId, epoch };
    const deployment = await requireDeployment(registry, deploymentId);
    if (deployment.work.golden) return { kind: 'healthy' };
    const candidate = requireWork(deployment.work.candidate, 'candidate');
    const { revision } = candidate;

    const found = await examine(prober, router.testPath(candidate), deployment);
    if (found.kind === 'healthy') {
      const { golden } = found;
      await registry.advance(
        holder,
        'Ready',
        { golden },
        { reason: golden.warning, data: { revision, latencyMs: golden.latencyMs } },
      );
    } else {
      await registry.recordTrouble(holder, {
        name: 'RevisionUnhealthy',
        reason: `${revision} is not healthy: ${found.reason}`,
        fix: 'Mend the model, or its example in model.yaml, and upload it again.',
      });
    }
    return { kind: found.kind };
  };

/** Readiness first, then golden requests until one is answered 200. */
async function examine(
  prober: Prober,
  address: string,
  { model, work }: Deployment,
): Promise<Examination> {
  const ready = readiness(await prober.ready(address, PROBE_TIMEOUT_MS));
  if (ready.kind === 'failed') return { kind: 'unhealthy', reason: ready.reason };

  const { facts, manifest } = requireWork(work.inspection, 'inspection');
  const declared = { signature: facts.signature, manifest };
  const attempts: GoldenAttempt[] = [];
  let golden: GoldenProof = { sample: 'readiness', warning: '', latencyMs: 0 };
  for (const sample of goldenSamples(declared)) {
    const request = goldenRequest(declared, sample);
    const answer = await prober.send(address, model, request, PROBE_TIMEOUT_MS);
    attempts.push({ request, answer });
    if (answer.kind === 'answer' && isProof(answer)) {
      golden = { sample, warning: '', latencyMs: Math.round(answer.latencyMs) };
      break;
    }
  }
  const verdict = judgeGoldens(declared, attempts);
  return verdict.kind === 'healthy'
    ? { kind: 'healthy', golden: { ...golden, warning: verdict.warning ?? '' } }
    : verdict;
}
