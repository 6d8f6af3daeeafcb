import type { Shares } from '#domain/deployment.ts';
import { mechanismOf, type RevisionRef } from '#domain/placement/target.ts';
import type { ProbeAnswer, Prober } from '#ports/prober.ts';
import type { Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';

const PROBE_TIMEOUT_MS = 5000;
// All probes of one move together end before the step does.
const CROSSING_TIMEOUT_MS = 2000;
const LONGEST_SHOWN = 200;
const OK = 200;
const SERVER_ERROR = 500;

/** How many consecutive answers prove that the traffic has moved to `to`: 30 between two mechanisms; within one mechanism a single one, besides the router's own confirmation. */
export async function looksAfter(
  registry: Registry,
  model: string,
  before: Shares,
  to: RevisionRef,
): Promise<number> {
  const versions = await registry.versions(model);
  const isCrossing = versions.some(
    (version) =>
      Object.hasOwn(before, version.revision) && mechanismOf(version) !== mechanismOf(to),
  );
  return isCrossing ? CROSSING_LOOKS : 1;
}

const CROSSING_LOOKS = 30;

/** The revision that should have the traffic, its readiness path (others may have another), and whether its answers name it. */
export type Asked = {
  readonly revision: string;
  readonly path: string;
  readonly isNamed: boolean;
};

type Expected = {
  readonly shares: Shares;
  /** How many consecutive answers it takes. */
  readonly looks: number;
  /** False when the revision with the shares was seen failing: then its silence says nothing about the traffic. */
  readonly isAnswering: boolean;
  readonly asked: Asked;
};

/**
 * Why it is not certain that clients get `shares`. Undefined when it is: the router's control plane and data plane agree, and answers through the model's endpoint came from a revision that has a share.
 * An answer that no model gave, such as a gateway's 502, confirms nothing. A model's answer names its revision, or is the 200 of a server that does not know its own. Without shares, no revision may answer.
 */
export async function unverified(
  { router, prober }: { readonly router: Router; readonly prober: Prober },
  model: string,
  { shares, looks, isAnswering, asked }: Expected,
): Promise<string | undefined> {
  const verification = await router.verify(model, shares);
  if (verification.kind === 'pending') return verification.reason;
  if (verification.kind === 'different') {
    return `the router holds ${JSON.stringify(verification.shares)}, not ${JSON.stringify(shares)}`;
  }
  const isAnswerDue = isAnswering && Object.keys(shares).length > 0;
  const timeoutMs = looks > 1 ? CROSSING_TIMEOUT_MS : PROBE_TIMEOUT_MS;
  for (let look = 0; look < looks; look += 1) {
    const answer = await prober.ready(router.route(model), asked.path, timeoutMs);
    const doubt = strayed(answer, shares) ?? (isAnswerDue ? unanswered(answer, asked) : undefined);
    if (doubt !== undefined) return doubt;
  }
  return undefined;
}

function strayed(answer: ProbeAnswer, shares: Shares): string | undefined {
  if (answer.kind === 'none') return answer.reason;
  return answer.revision === null || Object.hasOwn(shares, answer.revision)
    ? undefined
    : `${answer.revision} answered, which has no share of the traffic`;
}

function unanswered(answer: ProbeAnswer, { revision, isNamed }: Asked): string | undefined {
  if (answer.kind === 'none') return undefined;
  const isKnown = answer.revision !== null || !isNamed;
  if (isKnown && answer.status === OK) return undefined;
  if (answer.revision === null) {
    return `its endpoint answered ${answer.status}, but not from a model: ${shown(answer.body)}`;
  }
  if (answer.revision !== revision && answer.status < SERVER_ERROR) return undefined;
  return `${answer.revision} answered ${answer.status}: ${shown(answer.body)}`;
}

function shown(body: string): string {
  return body.slice(0, LONGEST_SHOWN) || '(no body)';
}
