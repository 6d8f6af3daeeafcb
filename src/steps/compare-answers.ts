import { NO_ANSWERS } from '#domain/comparison/compare-answers.ts';
import type { Comparison } from '#domain/comparison/comparison.ts';
import {
  factDifferences,
  type KnownVersion,
  knownVersion,
} from '#domain/comparison/fact-differences.ts';
import { gate } from '#domain/comparison/gate.ts';
import { judgeComparison } from '#domain/comparison/judge-comparison.ts';
import { comparedRequests } from '#domain/comparison/requests.ts';
import { type Deployment, isSameModel, type ModelVersion } from '#domain/deployment.ts';
import { gateSchema } from '#domain/manifest/gate.ts';
import type { RevisionRef } from '#domain/placement/target.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { ArtifactStore } from '#ports/artifact-store.ts';
import type { Clock } from '#ports/clock.ts';
import type { KeptRequests } from '#ports/kept-requests.ts';
import type { Prober } from '#ports/prober.ts';
import type { Holder, Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { askBoth, type Both } from './ask-both.ts';
import { clientRequests } from './client-requests.ts';
import { exampleLines } from './example-lines.ts';
import { isRestarted, proofOf } from './proof.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly router: Router;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly artifacts: ArtifactStore;
  readonly keptRequests: KeptRequests;
};

const ANSWER_TIMEOUT_MS = 10_000;

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
        reason: `${verdict}, compared with version ${beside.version}: ${reason}`,
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
    reason: `it is ${verdict}, compared with version ${beside.version}, which is live: ${reason}`,
    fix,
  });
  return { kind: 'blocked' };
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
  // The manifest of a deployment that an older Slipway began has no gate.
  const policy = gateSchema.parse(own.manifest.gate ?? {});
  const tolerated = policy.expect.changed;
  // The artifacts alone decide these, so no request is sent.
  const answers =
    isBroken || isSame
      ? NO_ANSWERS
      : await askBoth({ ...(await bothOf(deps, deployment, before, live)), tolerated });
  const judged = judgeComparison({ isSameModel: isSame, differences, answers, tolerated });
  const gated = gate(judged, policy, live.version);
  return {
    ...judged,
    beside: { version: live.version, revision: live.revision, deploymentId: live.deploymentId },
    decision: gated.kind,
    fix: gated.kind === 'blocked' ? gated.fix : '',
    differences,
    answers,
  };
}

function known({ work }: Deployment): KnownVersion {
  return knownVersion(requireWork(work.inspection, 'inspection'), work);
}

async function bothOf(
  deps: Deps,
  deployment: Deployment,
  before: Deployment,
  live: ModelVersion,
): Promise<Omit<Both, 'tolerated'>> {
  const { registry, router, prober, clock, artifacts } = deps;
  const { model, work } = deployment;
  const { request: golden } = await proofOf(registry, before);
  const [theirs, own] = await Promise.all(
    [before, deployment].map((each) => exampleLines(artifacts, each.artifact)),
  );
  const ask = (revision: RevisionRef) => (request: GoldenRequest) =>
    prober.send(router.testPath(revision), model, request, ANSWER_TIMEOUT_MS);
  return {
    requests: comparedRequests({
      before: { work: before.work, lines: theirs ?? [] },
      after: { work, lines: own ?? [] },
      sent: await clientRequests(deps, { model, live: live.version }),
      golden,
      // A step that runs again asks the same requests in the same order.
      seed: `${before.id} ${deployment.id}`,
    }),
    live: ask(live),
    candidate: ask(requireWork(work.candidate, 'candidate')),
    monotonicMs: () => clock.monotonicMs(),
  };
}
