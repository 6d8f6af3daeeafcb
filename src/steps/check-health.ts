import { declaredOf } from '#domain/declared.ts';
import type { Candidate, Deployment, GoldenProof } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { goldenRequest, goldenSamples } from '#domain/golden-request.ts';
import { type GoldenAttempt, isProof, judgeGoldens } from '#domain/golden-verdict.ts';
import { mechanismOf } from '#domain/target.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Clock } from '#ports/clock.ts';
import type { ProbeAnswer, Prober } from '#ports/prober.ts';
import type { Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { PROBE_TIMEOUT_MS, readiness } from './probe.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly router: Router;
  readonly prober: Prober;
  readonly clock: Clock;
};

const FIX = 'Mend the model, or its example in model.yaml, and upload it again.';
// What a load balancer, or the way to it, answers for a server that it does not reach.
const UNREACHED: readonly number[] = [503, 504];

type Examination =
  | { readonly kind: 'healthy'; readonly golden: GoldenProof }
  | { readonly kind: 'unhealthy'; readonly reason: string };

export const checkHealth =
  ({ registry, router, prober, clock }: Deps) =>
  async ({ deploymentId, epoch }: StepInput<'CheckHealth'>): Promise<StepOutput<'CheckHealth'>> => {
    const holder = { deploymentId, epoch };
    const deployment = await requireDeployment(registry, deploymentId);
    if (deployment.trouble) return { kind: 'unhealthy' };
    if (deployment.work.golden) return { kind: 'healthy' };
    const candidate = requireWork(deployment.work.candidate, 'candidate');
    const { revision } = candidate;

    const found = await examine({ prober, clock }, router.testPath(candidate), deployment);
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
        fix: FIX,
      });
    }
    return { kind: found.kind };
  };

/** Readiness first, then golden requests until one is answered 200. */
async function examine(
  { prober, clock }: Pick<Deps, 'prober' | 'clock'>,
  address: string,
  { model, work }: Deployment,
): Promise<Examination> {
  const ping = await prober.ready(address, PROBE_TIMEOUT_MS);
  refuseUnreached(requireWork(work.candidate, 'candidate'), ping, clock.now());
  const ready = readiness(ping);
  if (ready.kind === 'failed') return { kind: 'unhealthy', reason: ready.reason };

  const declared = declaredOf(requireWork(work.inspection, 'inspection'), work);
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

/** A container is ready before each part of the way to it is, and the way may have been asleep: until the candidate's time is over, silence says nothing of the model. */
function refuseUnreached(
  { revision, target, readyByMs }: Candidate,
  answer: ProbeAnswer,
  nowMs: number,
): void {
  const isReached = answer.kind === 'answer' && !UNREACHED.includes(answer.status);
  if (isReached || mechanismOf(target) !== 'container' || nowMs >= readyByMs) return;
  const reason = answer.kind === 'none' ? answer.reason : `/ping was answered ${answer.status}`;
  throw new Failure('PlatformUnavailable', `${revision} is not reached: ${reason}`, { fix: FIX });
}
