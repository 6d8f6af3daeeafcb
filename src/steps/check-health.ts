import type { Candidate, Deployment, GoldenProof } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { exampleSkeleton } from '#domain/manifest/example-skeleton.ts';
import { whyUnmetered } from '#domain/placement/metered.ts';
import { mechanismOf } from '#domain/placement/target.ts';
import {
  type Declared,
  exampleOf,
  goldenRequest,
  goldenSamples,
} from '#domain/rollout/golden-request.ts';
import {
  type GoldenAttempt,
  isProof,
  judgeGolden,
  judgeGoldens,
} from '#domain/rollout/golden-verdict.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Clock } from '#ports/clock.ts';
import type { ProbeAnswer, Prober } from '#ports/prober.ts';
import type { Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { isBusy, PROBE_TIMEOUT_MS, probe, readiness } from './probe.ts';
import { declarationOf, isRestarted, proofOf, referenceOf } from './proof.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly router: Router;
  readonly prober: Prober;
  readonly clock: Clock;
};

const BUSY = 'Upload the model again when less else is under way.';
const MEND = 'Fix the model, or its example in model.yaml, and upload it again.';
// The answers of a load balancer, or of the path to it, that cannot reach the server.
const UNREACHED: readonly number[] = [503, 504];

type Examination =
  | { readonly kind: 'healthy'; readonly golden: GoldenProof }
  | { readonly kind: 'unhealthy'; readonly reason: string; readonly fix: string };

export const checkHealth =
  (deps: Deps) =>
  async ({ deploymentId, epoch }: StepInput<'CheckHealth'>): Promise<StepOutput<'CheckHealth'>> => {
    const { registry } = deps;
    const holder = { deploymentId, epoch };
    const deployment = await requireDeployment(registry, deploymentId);
    if (deployment.trouble) return { kind: 'unhealthy' };
    if (deployment.work.golden) return { kind: 'healthy' };
    const { revision } = requireWork(deployment.work.candidate, 'candidate');

    const found = await examine(deps, deployment);
    if (found.kind === 'healthy') {
      const { golden } = found;
      const { decision } = deployment.work;
      const isCapped = decision?.maxMonthlyUsd !== undefined;
      const unmetered = isCapped ? whyUnmetered({ decision, golden }) : undefined;
      await registry.advance(
        holder,
        'Ready',
        { golden },
        {
          reason: [golden.warning, unmetered].filter(Boolean).join('; '),
          data: { revision, latencyMs: golden.latencyMs },
        },
      );
    } else {
      await registry.recordTrouble(holder, {
        name: 'RevisionUnhealthy',
        reason: `${revision} is not healthy: ${found.reason}`,
        fix: found.fix,
      });
    }
    return { kind: found.kind };
  };

/** Checks readiness first. Then a restarted version gets the request that proved it; any other the live version's request, else golden requests until one is answered 200. */
async function examine(deps: Deps, deployment: Deployment): Promise<Examination> {
  const { router, prober, clock } = deps;
  const candidate = requireWork(deployment.work.candidate, 'candidate');
  const address = router.testPath(candidate);
  const path = declarationOf(deployment.work).server.healthPath;
  const ping = await prober.ready(address, path, PROBE_TIMEOUT_MS);
  refuseUnreached(candidate, path, ping, clock.now());
  refuseBusy(candidate, ping);
  const ready = readiness(path, ping);
  if (ready.kind === 'failed') return { kind: 'unhealthy', reason: ready.reason, fix: MEND };

  if (isRestarted(deployment)) return examineRestarted(deps, deployment, address);
  return (
    (await compare(deps, deployment, address)) ?? (await tryGoldens(deps, deployment, address))
  );
}

/** The version was live before, so the proof from then is enough, however weak. */
async function examineRestarted(
  { registry, prober }: Deps,
  { work }: Deployment,
  address: string,
): Promise<Examination> {
  const candidate = requireWork(work.candidate, 'candidate');
  const { madeBy } = candidate;
  const maker = await requireDeployment(registry, madeBy);
  const golden = requireWork(maker.work.golden, 'golden proof');
  const result = await probe(prober, address, await proofOf(registry, maker));
  switch (result.kind) {
    case 'passed':
      return { kind: 'healthy', golden: { ...golden, latencyMs: Math.round(result.latencyMs) } };
    case 'busy':
      throw tooBusy(candidate);
    case 'failed':
      return { kind: 'unhealthy', reason: result.reason, fix: MEND };
  }
}

/** The candidate must answer the request that the live version answers. Undefined when there is nothing to compare with, or when the live version does not answer now, which says nothing about the candidate. */
async function compare(
  { registry, router, prober }: Deps,
  deployment: Deployment,
  address: string,
): Promise<Examination | undefined> {
  const { model, work } = deployment;
  const live = (await registry.model(model))?.live;
  const reference = live && (await referenceOf(registry, deployment, live));
  if (!reference) return undefined;
  const { request, golden } = reference;
  const theirs = await prober.send(router.testPath(live), model, request, PROBE_TIMEOUT_MS);
  if (!isProof(theirs)) return undefined;

  const answer = await prober.send(address, model, request, PROBE_TIMEOUT_MS);
  refuseBusy(requireWork(work.candidate, 'candidate'), answer);
  const declared = declarationOf(work);
  const verdict = judgeGolden(declared, { request, answer });
  if (verdict.kind === 'healthy') return { kind: 'healthy', golden: proven(golden, answer) };
  return {
    kind: 'unhealthy',
    reason: `${live.revision}, the live revision, answers this request with 200; for the candidate ${verdict.reason}`,
    fix: withExample(
      'Fix the model and upload it again; or, if it is meant to take different inputs,',
      declared,
    ),
  };
}

async function tryGoldens(
  { prober }: Deps,
  { model, work }: Deployment,
  address: string,
): Promise<Examination> {
  const declared = declarationOf(work);
  const attempts: GoldenAttempt[] = [];
  let golden: GoldenProof = { sample: 'readiness', warning: '', latencyMs: 0 };
  for (const sample of goldenSamples(declared)) {
    const request = goldenRequest(declared, sample);
    const answer = await prober.send(address, model, request, PROBE_TIMEOUT_MS);
    refuseBusy(requireWork(work.candidate, 'candidate'), answer);
    attempts.push({ request, answer });
    if (!isProof(answer)) continue;
    golden = proven({ sample }, answer);
    break;
  }
  const verdict = judgeGoldens(declared, attempts);
  if (verdict.kind === 'healthy') {
    return { kind: 'healthy', golden: { ...golden, warning: verdict.warning ?? '' } };
  }
  const fix = exampleOf(declared) ? MEND : withExample('Fix the model, or', declared);
  return { kind: 'unhealthy', reason: verdict.reason, fix };
}

function proven(by: Pick<GoldenProof, 'sample' | 'of'>, answer: ProbeAnswer): GoldenProof {
  const latencyMs = answer.kind === 'answer' ? Math.round(answer.latencyMs) : 0;
  return { ...by, warning: '', latencyMs };
}

/** A model may be right to refuse a generated request, so the fix asks for a real one from its clients. */
function withExample(otherwise: string, { signature }: Declared): string {
  return [
    `${otherwise} say in model.yaml what your clients send, with values that the model takes:`,
    ...exampleSkeleton(signature),
  ].join('\n');
}

/** Whoever turned the request away, AWS or a crowd of others: it says nothing about the model, and the workflow asks again. */
function refuseBusy(candidate: Candidate, answer: ProbeAnswer): void {
  if (isBusy(answer)) throw tooBusy(candidate);
}

function tooBusy({ revision }: Candidate): Failure {
  return new Failure('PlatformThrottled', `${revision} was too busy to answer`, { fix: BUSY });
}

/** A container is ready before the whole network path to it, which may have been asleep. Until the candidate's time is over, silence says nothing about the model. */
function refuseUnreached(
  candidate: Candidate,
  path: string,
  answer: ProbeAnswer,
  nowMs: number,
): void {
  const isReached = answer.kind === 'answer' && !UNREACHED.includes(answer.status);
  const { revision, readyByMs } = candidate;
  if (isReached || mechanismOf(candidate) !== 'container' || nowMs >= readyByMs) return;
  const reason = answer.kind === 'none' ? answer.reason : `${path} was answered ${answer.status}`;
  throw new Failure('PlatformUnavailable', `${revision} cannot be reached: ${reason}`, {
    fix: MEND,
  });
}
