import { NO_ANSWERS } from '#domain/comparison/compare-answers.ts';
import type { Comparison, EarlierVerdict } from '#domain/comparison/comparison.ts';
import { declaredChanges } from '#domain/comparison/declared-changes.ts';
import {
  factDifferences,
  type KnownVersion,
  knownVersion,
} from '#domain/comparison/fact-differences.ts';
import { gate } from '#domain/comparison/gate.ts';
import { judgeComparison } from '#domain/comparison/judge-comparison.ts';
import { ENOUGH_FRESH, expectedAnew, pairOf } from '#domain/comparison/judgement.ts';
import { precisionOf } from '#domain/comparison/precision.ts';
import { comparedRequests } from '#domain/comparison/requests.ts';
import {
  type Deployment,
  isSameModel,
  type ModelVersion,
  servedContent,
  type Trouble,
} from '#domain/deployment.ts';
import { HOUR_MS } from '#domain/durations.ts';
import { type Gate, gateSchema } from '#domain/manifest/gate.ts';
import type { RevisionRef } from '#domain/placement/target.ts';
import { APPROVAL_HOURS } from '#domain/promotion/approval.ts';
import { retrySeconds } from '#domain/registry/loops.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { ArtifactStore } from '#ports/artifact-store.ts';
import type { Clock } from '#ports/clock.ts';
import type { Comparing } from '#ports/comparing.ts';
import type { KeptRequests } from '#ports/kept-requests.ts';
import type { Prober } from '#ports/prober.ts';
import type { Holder, Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { askBoth, type Both } from './ask-both.ts';
import { APPROVAL_WAIT_SECONDS } from './await-approval.ts';
import { clientRequests } from './client-requests.ts';
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

const ANSWER_TIMEOUT_MS = 10_000;

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
  const own = known(deployment);
  const differences = factDifferences(known(before), own);
  const isBroken = differences.some(({ weight }) => weight === 'breaking');
  const isSame = isSameModel(before, deployment);
  const policy = policyOf(deployment);
  const tolerated = policy.expect.changed;
  // The artifacts alone decide these, so no request is sent.
  const asked: Evidence =
    isBroken || isSame ? { answers: NO_ANSWERS } : await evidenceOf(deps, deployment, before, live);
  const { answers, earlier } = asked;
  const unsent = isBroken || isSame ? undefined : whyUnsent(before, deployment);
  const judged = judgeComparison({ isSameModel: isSame, differences, answers, tolerated });
  const gated = gate(judged, policy, {
    model: deployment.model,
    version: deployment.version,
    live: live.version,
    // Who approved a promotion has approved what it answers.
    isReleasedByApproval: deps.requireApproval && deployment.work.promotion?.approval == null,
  });
  return {
    ...judged,
    ...asked,
    reason: [judged.reason, earlier && earlierWords(earlier), unsent].filter(Boolean).join('; '),
    beside: { version: live.version, revision: live.revision, deploymentId: live.deploymentId },
    decision: gated.kind,
    fix: 'fix' in gated ? gated.fix : '',
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
  const policy = policyOf(deployment);
  const both = await bothOf(deps, deployment, before, live);
  const pair = await pairOf(before, deployment);
  const found = await earlierAnswers(deps, { deployment, pair, requests: both.requests });
  if (found && !found.earlier.isExpectedAnew) return { ...found, pair };
  const answers = await askBoth({
    ...both,
    tolerated: policy.expect.changed,
    truth: policy.truth,
    names: [before, deployment].flatMap((each) => namesOf(known(each))),
    isEmbedder: known(before).facts.pipeline?.task === 'feature-extraction',
    isScored: [before, deployment].every((each) => known(each).facts.language?.task === 'generate'),
    precision: precisionOf(known(before), known(deployment)),
    declared: declaredChanges(
      policy.expect,
      known(before).signature,
      known(deployment).signature,
      // A first version has replaced none, so its declaration was never looked for.
      before.work.comparison ? policyOf(before).expect.outputs : {},
    ),
  });
  if (!found) return { answers, pair };
  return { answers: expectedAnew(found, answers), earlier: found.earlier, pair };
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

/** Why no request of clients is sent again, as a clause; undefined where they are. The code of a version may do more with one than answer it. */
function whyUnsent(before: Deployment, deployment: Deployment): string | undefined {
  const { replay } = policyOf(deployment);
  const isOpen = [before, deployment].some(
    ({ work }) => work.inspection?.manifest.runtime.network === 'open',
  );
  if (replay ?? !isOpen) return undefined;
  const why = replay === false ? 'gate.replay is false' : 'runtime.network is open';
  return `${why}, so examples alone are asked`;
}

/** The manifest of a deployment that an older Slipway began has no gate. */
function policyOf({ work }: Deployment): Gate {
  const { manifest } = requireWork(work.inspection, 'inspection');
  return gateSchema.parse(manifest.gate ?? {});
}

function known({ work }: Deployment): KnownVersion {
  return knownVersion(requireWork(work.inspection, 'inspection'), work);
}

function namesOf({ facts, signature }: KnownVersion): readonly string[] {
  const { inputs = [], outputs = [] } = signature ?? {};
  const tensors = [...inputs, ...outputs].flatMap(({ name, classes = [] }) => [name, ...classes]);
  return [...tensors, ...(facts.pipeline?.labels ?? [])];
}

async function bothOf(
  deps: Deps,
  deployment: Deployment,
  before: Deployment,
  live: ModelVersion,
): Promise<
  Omit<Both, 'tolerated' | 'truth' | 'names' | 'isEmbedder' | 'isScored' | 'precision' | 'declared'>
> {
  const { registry, router, prober, comparing, clock, artifacts } = deps;
  const { model, work } = deployment;
  const { request: golden } = await proofOf(registry, before);
  const isReplayed = whyUnsent(before, deployment) === undefined;
  const [theirs, own] = await Promise.all([
    exampleLines(artifacts, before.artifact),
    exampleLines(artifacts, deployment.artifact),
  ]);
  const ask = (revision: RevisionRef) => (request: GoldenRequest) =>
    prober.send(router.testPath(revision), model, request, ANSWER_TIMEOUT_MS);
  return {
    requests: comparedRequests({
      before: { work: before.work, lines: theirs },
      after: { work, lines: own },
      sent: isReplayed
        ? await clientRequests(deps, { model, live: live.version, judged: deployment.version })
        : [],
      isReplayed,
      golden,
      // A step that runs again asks the same in the same order, and so does an upload of the same bytes: nobody passes by trying again.
      seed: `${servedContent(before)} ${servedContent(deployment)}`,
    }),
    live: ask(live),
    candidate: ask(requireWork(work.candidate, 'candidate')),
    comparing,
    monotonicMs: () => clock.monotonicMs(),
  };
}
