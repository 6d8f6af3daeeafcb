import { type Deployment, servedContent } from '#domain/deployment.ts';
import { sha256Hex } from '#domain/hash.ts';
import type { ComparedRequest } from './asked-pair.ts';
import type { Comparison } from './comparison.ts';
import { requestKey } from './requests.ts';

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

/** Whether a verdict answers the same contents again. One without enough evidence never does: more of the same order is asked, whose bounds hold at every look. */
export function isLasting({ verdict, level }: Comparison): boolean {
  return verdict !== 'unproven' && level !== 'artifacts';
}
