import type { ComparedRequest } from '#domain/comparison/asked-pair.ts';
import type { AnswerEvidence } from '#domain/comparison/compare-answers.ts';
import { declaredChanges } from '#domain/comparison/declared-changes.ts';
import { type KnownVersion, knownVersion } from '#domain/comparison/fact-differences.ts';
import { type Gated, gate } from '#domain/comparison/gate.ts';
import type { Judged } from '#domain/comparison/judge-comparison.ts';
import { precisionOf } from '#domain/comparison/precision.ts';
import { type Deployment, type ModelVersion, servedContent } from '#domain/deployment.ts';
import { type Gate, gateSchema } from '#domain/manifest/gate.ts';
import type { RevisionRef } from '#domain/placement/target.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import type { Clock } from '#ports/clock.ts';
import type { Comparing } from '#ports/comparing.ts';
import type { Prober } from '#ports/prober.ts';
import type { Router } from '#ports/router.ts';
import { askBoth } from './ask-both.ts';
import { requireWork } from './require-deployment.ts';

type Deps = {
  readonly router: Router;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly comparing: Comparing;
};

const ANSWER_TIMEOUT_MS = 10_000;

/** A deployment, that of the version before it, which is `live`, and the requests that both are asked. `error` is the part of the error budget that the comparison may spend, its own without a word. */
type Asked = {
  readonly deployment: Deployment;
  readonly before: Deployment;
  readonly live: ModelVersion;
  readonly requests: readonly ComparedRequest[];
  readonly error?: number;
};

/** Sends the requests to both versions, and compares the answers as the manifest and the facts of both say. */
export async function askVersions(
  { router, prober, clock, comparing }: Deps,
  { deployment, before, live, requests, error }: Asked,
): Promise<AnswerEvidence> {
  const policy = policyOf(deployment);
  const both = [knownOf(before), knownOf(deployment)] as const;
  const [theirs, own] = both;
  const ask = (revision: RevisionRef) => (request: GoldenRequest) =>
    prober.send(router.testPath(revision), deployment.model, request, ANSWER_TIMEOUT_MS);
  return askBoth({
    requests,
    live: ask(live),
    candidate: ask(requireWork(deployment.work.candidate, 'candidate')),
    comparing,
    monotonicMs: () => clock.monotonicMs(),
    tolerated: policy.expect.changed,
    truth: policy.truth,
    names: both.flatMap(namesOf),
    isEmbedder: theirs.facts.pipeline?.task === 'feature-extraction',
    isScored: both.every(({ facts }) => facts.language?.task === 'generate'),
    precision: precisionOf(theirs, own),
    declared: declaredChanges(
      policy.expect,
      theirs.signature,
      own.signature,
      // A first version has replaced none, so its declaration was never looked for.
      before.work.comparison ? policyOf(before).expect.outputs : {},
    ),
    ...(error !== undefined && { error }),
  });
}

/** The decision of the manifest's policy on a verdict about a version beside the `live` one. `requireApproval`: whether a person is to approve what goes live here by a promotion. */
export function gated(
  judged: Judged,
  { live, requireApproval }: { readonly live: ModelVersion; readonly requireApproval: boolean },
  deployment: Deployment,
): Gated {
  return gate(judged, policyOf(deployment), {
    model: deployment.model,
    version: deployment.version,
    live: live.version,
    // Who approved a promotion has approved what it answers.
    isReleasedByApproval: requireApproval && deployment.work.promotion?.approval == null,
  });
}

/** The seed of the order in which requests are asked. A step that runs again asks the same in the same order, and so does an upload of the same bytes: nobody passes by trying again. */
export function seedOf(before: Deployment, deployment: Deployment): string {
  return `${servedContent(before)} ${servedContent(deployment)}`;
}

/** Why no request of clients is sent again, as a clause; undefined where they are. The code of a version may do more with one than answer it. */
export function whyUnsent(before: Deployment, deployment: Deployment): string | undefined {
  const { replay } = policyOf(deployment);
  const isOpen = [before, deployment].some(
    ({ work }) => work.inspection?.manifest.runtime.network === 'open',
  );
  if (replay ?? !isOpen) return undefined;
  return replay === false ? 'gate.replay is false' : 'runtime.network is open';
}

/** The manifest of a deployment that an older Slipway began has no gate. */
export function policyOf({ work }: Deployment): Gate {
  const { manifest } = requireWork(work.inspection, 'inspection');
  return gateSchema.parse(manifest.gate ?? {});
}

export function knownOf({ work }: Deployment): KnownVersion {
  return knownVersion(requireWork(work.inspection, 'inspection'), work);
}

function namesOf({ facts, signature }: KnownVersion): readonly string[] {
  const { inputs = [], outputs = [] } = signature ?? {};
  const tensors = [...inputs, ...outputs].flatMap(({ name, classes = [] }) => [name, ...classes]);
  return [...tensors, ...(facts.pipeline?.labels ?? [])];
}
