import { type Deployment, servedContent } from '#domain/deployment.ts';
import { sha256Hex } from '#domain/hash.ts';
import { gateSchema } from '#domain/manifest/gate.ts';
import type { ComparedRequest } from './asked-pair.ts';
import { type AnswerEvidence, boundedSigns, lastingSigns } from './compare-answers.ts';
import type { Comparison, EarlierVerdict } from './comparison.ts';
import { type ComparedVersion, requestKey } from './requests.ts';
import { FEWEST_ROWS } from './truth.ts';

/** The newest verdict on a pair of contents, the live one and the one beside it: the deployment that asked both, and when it was judged (epoch ms). */
export type Judgement = {
  readonly model: string;
  readonly pair: string;
  readonly deploymentId: string;
  readonly atMs: number;
};

/** So many new requests make the same contents worth another look: whoever only drops them again gets the verdict that they have. */
export const ENOUGH_FRESH = 100;

/** Names the contents of both versions: their files, environments, and what their manifests say of how they are served. */
export function pairOf(before: Deployment, after: Deployment): Promise<string> {
  return sha256Hex(JSON.stringify([answeringContent(before), answeringContent(after)]));
}

/** All that decides how a version answers. Its examples, its gate and its scaling do not. */
function answeringContent(deployment: Deployment): readonly unknown[] {
  const { manifest } = deployment.work.inspection ?? {};
  if (!manifest) return [servedContent(deployment)];
  const { model, runtime, build, entrypoint, server } = manifest;
  const { startupTimeoutSeconds: _, ...answering } = server;
  return [servedContent(deployment), model, runtime, build, entrypoint, answering];
}

/** How many of these requests are new since a verdict: sent after it, or, for an example, not `known` then. */
export function freshSince(
  requests: readonly ComparedRequest[],
  { atMs, isKnown }: { readonly atMs: number; readonly isKnown: (key: string) => boolean },
): number {
  const isFresh = (request: ComparedRequest) =>
    request.sentAtMs === undefined ? !isKnown(requestKey(request)) : request.sentAtMs > atMs;
  return requests.filter((request) => !request.isDrawn && isFresh(request)).length;
}

/**
 * Whether feedback since a verdict is worth another look at the truth: it came for 100 requests, or for 20 where there was too little of it to measure.
 * Feedback on old requests is no new request, so nothing else is looked at again.
 */
export function isLabelledAnew(
  requests: readonly ComparedRequest[],
  { atMs, answers }: { readonly atMs: number; readonly answers: AnswerEvidence },
): boolean {
  const labelled = requests.filter(({ truthAtMs = atMs }) => truthAtMs > atMs).length;
  return labelled >= (answers.truth ? ENOUGH_FRESH : FEWEST_ROWS);
}

/** Whether a verdict answers the same contents again. One without enough evidence never does: more of the same order is asked, whose bounds hold at every look. Nor does one that rests on a server that failed, since more memory may mend it. */
export function isLasting({ verdict, level, answers }: Comparison): boolean {
  if (verdict === 'unproven' || level === 'artifacts') return false;
  return answers.failed === undefined || lastingSigns(answers).length > 0;
}

/** Names what the owner of a version expects of its answers: the examples that have an answer or a truth, in any order, and how both are measured. */
export function expectationsOf({ work, lines }: ComparedVersion): string {
  const { expect: tolerance, truth: measure } = gateSchema.parse(
    work.inspection?.manifest.gate ?? {},
  );
  const told = lines.flatMap(({ text, expect, truth }) =>
    expect === undefined && truth === undefined
      ? []
      : [`${text} ${JSON.stringify({ expect, truth })}`],
  );
  return JSON.stringify([[...new Set(told)].toSorted(), tolerance, measure]);
}

/** Names what the owner of a version declares of its answers, beside the share that may differ. */
export function declarationsOf({ work }: ComparedVersion): string {
  const { expect } = gateSchema.parse(work.inspection?.manifest.gate ?? {});
  return JSON.stringify([expect.tolerance, expect.labels, expect.outputs]);
}

/**
 * The earlier answers, and from those `now` only what rests on the expectations of the owner, which are others now.
 * A sign or a share that was found without them stays, so nobody passes by changing them; a sign that is found now counts too. Where the owner declares other changes of the answers, and nothing else decided, all is from now.
 */
export function expectedAnew(
  { answers, earlier }: { readonly answers: AnswerEvidence; readonly earlier: EarlierVerdict },
  now: AnswerEvidence,
): AnswerEvidence {
  if (earlier.isComparedAnew) return now;
  const { unmet, truth: _, ...before } = answers;
  const signs = new Set([...before.signs.filter((sign) => sign !== unmet), ...now.signs]);
  return {
    ...before,
    signs: boundedSigns([...signs]),
    ...(now.unmet !== undefined && { unmet: now.unmet }),
    ...(now.truth && { truth: now.truth }),
  };
}
