import { type AskedPair, compareAnswers as compare } from '#domain/comparison/compare-answers.ts';
import type { Comparison } from '#domain/comparison/comparison.ts';
import { factDifferences, knownVersion } from '#domain/comparison/fact-differences.ts';
import { gate } from '#domain/comparison/gate.ts';
import { judgeComparison } from '#domain/comparison/judge-comparison.ts';
import { type ComparedRequest, comparedRequests } from '#domain/comparison/requests.ts';
import {
  bringsVersion,
  type Deployment,
  isSameModel,
  type ModelVersion,
} from '#domain/deployment.ts';
import { gateSchema } from '#domain/manifest/gate.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Clock } from '#ports/clock.ts';
import type { ProbeAnswer, Prober } from '#ports/prober.ts';
import type { Holder, Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { isRestarted, proofOf } from './proof.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly router: Router;
  readonly prober: Prober;
  readonly clock: Clock;
};

/** The time for all requests; one that is under way then is waited for. */
const BUDGET_MS = 8000;
const ANSWER_TIMEOUT_MS = 10_000;
/** So many requests are asked of the live version twice, to learn what differs by chance. */
const ASKED_TWICE = 20;

export const compareAnswers =
  (deps: Deps) =>
  async ({
    deploymentId,
    epoch,
  }: StepInput<'CompareAnswers'>): Promise<StepOutput<'CompareAnswers'>> => {
    const { registry } = deps;
    const holder = { deploymentId, epoch };
    const deployment = await requireDeployment(registry, deploymentId);
    const { work, model } = deployment;
    if (deployment.trouble) return { kind: 'blocked' };
    if (work.comparison) return end(registry, holder, work.comparison);
    const live = (await registry.model(model))?.live;
    if (!live || !isCompared(deployment, live)) return { kind: 'passed' };

    const comparison = await examine(deps, deployment, live);
    const { verdict, reason, level, decision, beside, differences, answers } = comparison;
    await registry.advance(
      holder,
      'Compared',
      { comparison },
      {
        reason: `${verdict} beside version ${beside.version}: ${reason}`,
        data: { verdict, level, decision, beside: beside.version, differences, answers },
      },
    );
    return end(registry, holder, comparison);
  };

/** A verdict is final, also where the step died after it was recorded. */
async function end(
  registry: Registry,
  holder: Holder,
  { decision, verdict, beside, reason, fix }: Comparison,
): Promise<StepOutput<'CompareAnswers'>> {
  if (decision !== 'blocked') return { kind: 'passed' };
  await registry.recordTrouble(holder, {
    name: 'ArtifactRejected',
    reason: `it is ${verdict} beside version ${beside.version}, which is live: ${reason}`,
    fix,
  });
  return { kind: 'blocked' };
}

/** A version that was live before, and one that replaces itself, are what a person asked for. */
function isCompared(deployment: Deployment, live: ModelVersion): boolean {
  const { revision } = requireWork(deployment.work.candidate, 'candidate');
  return bringsVersion(deployment.kind) && !isRestarted(deployment) && revision !== live.revision;
}

async function examine(
  deps: Deps,
  deployment: Deployment,
  live: ModelVersion,
): Promise<Comparison> {
  const before = await requireDeployment(deps.registry, live.deploymentId);
  const [theirs, own] = [before, deployment].map(({ work }) =>
    knownVersion(requireWork(work.inspection, 'inspection'), work),
  );
  if (!theirs || !own) throw new Error('two versions are compared');
  const differences = factDifferences(theirs, own);
  const isBroken = differences.some(({ weight }) => weight === 'breaking');
  const isSame = isSameModel(before, deployment);
  // What is decided without a request costs none.
  const pairs = isBroken || isSame ? [] : await ask(deps, deployment, before, live);
  const answers = compare(pairs);
  const judged = judgeComparison({ isSameModel: isSame, differences, answers });
  // The manifest of a deployment that an older Slipway began has no gate.
  const gated = gate(judged, gateSchema.parse(own.manifest.gate ?? {}), live.version);
  return {
    ...judged,
    beside: { version: live.version, revision: live.revision, deploymentId: live.deploymentId },
    decision: gated.kind,
    fix: gated.kind === 'blocked' ? gated.fix : '',
    differences,
    answers,
  };
}

/** Sends the same requests to both, one after another, so that clients wait for one at most. */
async function ask(
  { registry, router, prober, clock }: Deps,
  deployment: Deployment,
  before: Deployment,
  live: ModelVersion,
): Promise<readonly AskedPair[]> {
  const { model, work } = deployment;
  const candidate = requireWork(work.candidate, 'candidate');
  const { request: golden } = await proofOf(registry, before);
  const requests = comparedRequests({ before: before.work, after: work, golden });
  const send = (address: string, { request }: ComparedRequest): Promise<ProbeAnswer> =>
    prober.send(address, model, request, ANSWER_TIMEOUT_MS);
  const endMs = clock.monotonicMs() + BUDGET_MS;
  const pairs: AskedPair[] = [];
  for (const request of requests) {
    if (clock.monotonicMs() >= endMs) break;
    const theirs = await send(router.testPath(live), request);
    const after = await send(router.testPath(candidate), request);
    const again = pairs.length < ASKED_TWICE ? await send(router.testPath(live), request) : null;
    pairs.push({ what: request.what, isDrawn: request.isDrawn, before: theirs, again, after });
  }
  return pairs;
}
