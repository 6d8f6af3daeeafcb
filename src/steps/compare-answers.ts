import type { KeptRequest } from '#domain/capture/kept-request.ts';
import type { ComparedRequest } from '#domain/comparison/asked-pair.ts';
import { NO_ANSWERS } from '#domain/comparison/compare-answers.ts';
import type { Comparison, EarlierVerdict } from '#domain/comparison/comparison.ts';
import { factDifferences } from '#domain/comparison/fact-differences.ts';
import { judgeComparison } from '#domain/comparison/judge-comparison.ts';
import { ENOUGH_FRESH, expectedAnew, pairOf } from '#domain/comparison/judgement.ts';
import { comparedRequests } from '#domain/comparison/requests.ts';
import {
  type Deployment,
  isSameModel,
  type ModelVersion,
  type Trouble,
} from '#domain/deployment.ts';
import { HOUR_MS } from '#domain/durations.ts';
import { APPROVAL_HOURS } from '#domain/promotion/approval.ts';
import { retrySeconds } from '#domain/registry/loops.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { ArtifactStore } from '#ports/artifact-store.ts';
import type { Clock } from '#ports/clock.ts';
import type { Comparing } from '#ports/comparing.ts';
import type { KeptRequests } from '#ports/kept-requests.ts';
import type { Prober } from '#ports/prober.ts';
import type { Holder, Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { APPROVAL_WAIT_SECONDS } from './await-approval.ts';
import { clientRequests } from './client-requests.ts';
import { askVersions, gated, knownOf, policyOf, seedOf, whyUnsent } from './compare-versions.ts';
import { earlierAnswers } from './earlier-answers.ts';
import { exampleLines } from './example-lines.ts';
import { isRestarted, proofOf } from './proof.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly router: Router;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly comparing: Comparing;
  readonly artifacts: ArtifactStore;
  readonly keptRequests: KeptRequests;
  /** Whether a person is to approve what goes live here by a promotion. */
  readonly requireApproval: boolean;
};

export const compareAnswers =
  (deps: Deps) =>
  async ({
    deploymentId,
    epoch,
    attempt,
  }: StepInput<'CompareAnswers'>): Promise<StepOutput<'CompareAnswers'>> => {
    const holder = { deploymentId, epoch };
    const deployment = await requireDeployment(deps.registry, deploymentId);
    const outcome = await outcomeOf(deps, holder, deployment);
    const since = deployment.phaseChangedAtMs;
    return {
      kind: outcome,
      retrySeconds:
        outcome === 'pending' ? retrySeconds(deps.clock.now() - since, APPROVAL_WAIT_SECONDS) : 0,
      attempt: attempt + 1,
    };
  };

type Outcome = StepOutput<'CompareAnswers'>['kind'];

async function outcomeOf(deps: Deps, holder: Holder, deployment: Deployment): Promise<Outcome> {
  const { registry } = deps;
  const { work, model } = deployment;
  if (deployment.trouble) return 'blocked';
  if (work.comparison) return end(deps, holder, deployment, work.comparison);
  const live = (await registry.model(model))?.live;
  if (!live || !isCompared(deployment, live)) return 'passed';

  const comparison = await examine(deps, deployment, live);
  const { verdict, reason, level, decision, beside, differences, fix } = comparison;
  // The parts for the report or the gate alone would make each copy of the event long.
  const { sources, worst, distributions, unmet, declarable, failed, ...answers } =
    comparison.answers;
  await registry.advance(
    holder,
    'Compared',
    { comparison },
    {
      reason: `${verdict}, compared with version ${beside.version}: ${reason}`,
      ...(decision === 'asked' && { fix }),
      data: { verdict, level, decision, beside: beside.version, differences, answers },
    },
  );
  return end(deps, holder, await requireDeployment(registry, holder.deploymentId), comparison);
}

/** A verdict is final, also where the step died after it was recorded. */
async function end(
  deps: Deps,
  holder: Holder,
  deployment: Deployment,
  comparison: Comparison,
): Promise<Outcome> {
  const { registry } = deps;
  const { verdict, beside, reason, fix } = comparison;
  const isSo = `it is ${verdict}, compared with version ${beside.version}, which is live`;
  switch (comparison.decision) {
    case 'passed':
    case 'declared':
      return 'passed';
    case 'blocked':
      return block(registry, holder, { reason: `${isSo}: ${reason}`, fix });
    case 'asked': {
      const answer = await answerOf(deps, deployment);
      if (typeof answer === 'object') {
        return block(registry, holder, { reason: `${isSo}, and ${answer.why}`, fix: answer.fix });
      }
      // Writing renews the lease, and the candidate is kept meanwhile.
      if (answer === 'pending') await registry.recordWork(holder, {});
      return answer;
    }
  }
}

async function block(
  registry: Registry,
  holder: Holder,
  trouble: Pick<Trouble, 'reason' | 'fix'>,
): Promise<'blocked'> {
  await registry.recordTrouble(holder, { name: 'ArtifactRejected', ...trouble });
  return 'blocked';
}

/** The answer of a person about a version that the gate asks about; or why nobody is waited for any more. */
async function answerOf(
  { registry, clock }: Deps,
  { id, model: name, work: { clearance }, phaseChangedAtMs }: Deployment,
): Promise<'passed' | 'pending' | { readonly why: string; readonly fix: string }> {
  if (clearance?.verdict === 'approved') return 'passed';
  if (clearance) return { why: `${clearance.by} refused it`, fix: '' };
  const model = await registry.model(name);
  if (model?.newestDeploymentId !== id) {
    return { why: 'a newer version was admitted while it waited for an approval', fix: '' };
  }
  if (model.undeployedWith === id) {
    return { why: `${name} was undeployed while it waited for an approval`, fix: '' };
  }
  if (clock.now() - phaseChangedAtMs < APPROVAL_HOURS * HOUR_MS) return 'pending';
  return {
    why: `nobody approved it within ${APPROVAL_HOURS} h`,
    fix: 'Upload the model again, and have somebody approve it.',
  };
}

/** A person asked for a version that was live before, and a version that replaces itself has nothing to be compared with. */
function isCompared(deployment: Deployment, live: ModelVersion): boolean {
  const { revision } = requireWork(deployment.work.candidate, 'candidate');
  return !isRestarted(deployment) && revision !== live.revision;
}

async function examine(
  deps: Deps,
  deployment: Deployment,
  live: ModelVersion,
): Promise<Comparison> {
  const before = await requireDeployment(deps.registry, live.deploymentId);
  const own = knownOf(deployment);
  const differences = factDifferences(knownOf(before), own);
  const isBroken = differences.some(({ weight }) => weight === 'breaking');
  const isSame = isSameModel(before, deployment);
  const tolerated = policyOf(deployment).expect.changed;
  // The artifacts alone decide these, so no request is sent.
  const asked: Evidence =
    isBroken || isSame ? { answers: NO_ANSWERS } : await evidenceOf(deps, deployment, before, live);
  const { answers, earlier } = asked;
  const unsent = isBroken || isSame ? undefined : whyUnsent(before, deployment);
  const judged = judgeComparison({ isSameModel: isSame, differences, answers, tolerated });
  const { requireApproval } = deps;
  const decision = gated(judged, { live, requireApproval }, deployment);
  return {
    ...judged,
    ...asked,
    reason: [
      judged.reason,
      earlier && earlierWords(earlier),
      unsent && `${unsent}, so examples alone are asked`,
    ]
      .filter(Boolean)
      .join('; '),
    beside: { version: live.version, revision: live.revision, deploymentId: live.deploymentId },
    decision: decision.kind,
    fix: 'fix' in decision ? decision.fix : '',
    differences,
  };
}

type Evidence = Pick<Comparison, 'answers' | 'earlier' | 'pair'>;

/** The answers of both versions, asked now; or those of an earlier deployment, where the same contents come again without new requests, and from now what its owner expects otherwise. */
async function evidenceOf(
  deps: Deps,
  deployment: Deployment,
  before: Deployment,
  live: ModelVersion,
): Promise<Evidence> {
  const requests = await requestsOf(deps, deployment, before, live);
  const pair = await pairOf(before, deployment);
  const found = await earlierAnswers(deps, { deployment, pair, requests });
  if (found && !found.earlier.isExpectedAnew) return { ...found, pair };
  const answers = await askVersions(deps, { before, deployment, live, requests });
  if (!found) return { answers, pair };
  return { answers: expectedAnew(found, answers), earlier: found.earlier, pair };
}

/** Examples, and the requests of clients where they may be sent again. */
async function requestsOf(
  deps: Deps,
  deployment: Deployment,
  before: Deployment,
  live: ModelVersion,
): Promise<readonly ComparedRequest[]> {
  const { registry, artifacts } = deps;
  const { model, work } = deployment;
  const { request: golden } = await proofOf(registry, before);
  const isReplayed = whyUnsent(before, deployment) === undefined;
  const [theirs, own] = await Promise.all([
    exampleLines(artifacts, before.artifact),
    exampleLines(artifacts, deployment.artifact),
  ]);
  // No client has asked the version that is judged: its own code wrote what it says to have kept.
  const isByOthers = ({ version }: KeptRequest) => version !== deployment.version;
  return comparedRequests({
    before: { work: before.work, lines: theirs },
    after: { work, lines: own },
    sent: isReplayed
      ? await clientRequests(deps, { model, live: live.version, isTaken: isByOthers })
      : [],
    isReplayed,
    golden,
    seed: seedOf(before, deployment),
  });
}

function earlierWords({ version, fresh, isExpectedAnew, isComparedAnew }: EarlierVerdict): string {
  const what = isComparedAnew
    ? 'all but what gate.expect declares'
    : isExpectedAnew
      ? 'all but what its owner expects'
      : 'the same';
  const come = fresh === 1 ? '1 has come' : `${fresh} have come`;
  return `${what} was found for version ${version}, and is looked for again after ${ENOUGH_FRESH} new requests, of which ${come}`;
}
