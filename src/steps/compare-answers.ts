import { contentOf } from '#domain/comparison/answer-content.ts';
import {
  type AnswerEvidence,
  type AskedPair,
  compareAnswers as compare,
  NO_ANSWERS,
} from '#domain/comparison/compare-answers.ts';
import type { Comparison } from '#domain/comparison/comparison.ts';
import { factDifferences, knownVersion } from '#domain/comparison/fact-differences.ts';
import { gate } from '#domain/comparison/gate.ts';
import { inputChanges } from '#domain/comparison/input-changes.ts';
import { inputFault, isFar } from '#domain/comparison/input-fault.ts';
import { judgeComparison } from '#domain/comparison/judge-comparison.ts';
import { type RequestTable, requestTable } from '#domain/comparison/request-table.ts';
import { type ComparedRequest, comparedRequests } from '#domain/comparison/requests.ts';
import {
  bringsVersion,
  type Deployment,
  isSameModel,
  type ModelVersion,
} from '#domain/deployment.ts';
import { gateSchema } from '#domain/manifest/gate.ts';
import type { RevisionRef } from '#domain/placement/target.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
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
/** Fewer rows than this say nothing of how a version prepares them. */
const ENOUGH_ROWS = 20;

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
  const answers =
    isBroken || isSame ? NO_ANSWERS : await answersOf(await bothOf(deps, deployment, before, live));
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

/** How both versions are asked: one request after another, so that clients wait for one at most. */
type Both = {
  readonly requests: readonly ComparedRequest[];
  readonly live: (request: GoldenRequest) => Promise<ProbeAnswer>;
  readonly candidate: (request: GoldenRequest) => Promise<ProbeAnswer>;
  readonly isLate: () => boolean;
};

async function answersOf(both: Both): Promise<AnswerEvidence> {
  const answers = compare(await askBoth(both));
  if (answers.signs.length > 0 || answers.kept.changed === 0) return answers;
  const fault = await preparationFault(both);
  return fault ? { ...answers, signs: [fault] } : answers;
}

async function bothOf(
  { registry, router, prober, clock }: Deps,
  { model, work }: Deployment,
  before: Deployment,
  live: ModelVersion,
): Promise<Both> {
  const { request: golden } = await proofOf(registry, before);
  const endMs = clock.monotonicMs() + BUDGET_MS;
  const ask = (revision: RevisionRef) => (request: GoldenRequest) =>
    prober.send(router.testPath(revision), model, request, ANSWER_TIMEOUT_MS);
  return {
    requests: comparedRequests({ before: before.work, after: work, golden }),
    live: ask(live),
    candidate: ask(requireWork(work.candidate, 'candidate')),
    isLate: () => clock.monotonicMs() >= endMs,
  };
}

async function askBoth({ requests, live, candidate, isLate }: Both): Promise<readonly AskedPair[]> {
  const asked: AskedPair[] = [];
  for (const { what, isDrawn, request } of requests) {
    if (isLate()) break;
    const before = await live(request);
    const after = await candidate(request);
    const again = asked.length < ASKED_TWICE ? await live(request) : null;
    asked.push({ what, isDrawn, before, again, after });
  }
  return asked;
}

/** The fault of preparation that explains why so many rows are answered otherwise: the live version is asked rows that are changed as such a fault would change them. */
async function preparationFault(both: Both): Promise<string | undefined> {
  const kept = both.requests.filter(({ isDrawn }) => !isDrawn).map(({ request }) => request);
  const table = requestTable(kept);
  if (!table || table.rows.length < ENOUGH_ROWS || both.isLate()) return undefined;
  const whole = table.request(table.rows);
  const [before, after] = [await both.live(whole), await both.candidate(whole)].map(contentOf);
  if (!before || !after || !isFar(before.said, after.said)) return undefined;
  return inputFault(before.said, after.said, await changedAnswers(both, table));
}

async function changedAnswers({ live, isLate }: Both, table: RequestTable) {
  const tried: { readonly what: string; readonly answer: unknown }[] = [];
  for (const { what, rows } of inputChanges(table)) {
    if (isLate()) break;
    const answer = contentOf(await live(table.request(rows)));
    if (answer) tried.push({ what, answer: answer.said });
  }
  return tried;
}
