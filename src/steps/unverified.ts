import type { Shares } from '#domain/deployment.ts';
import { mechanismOf, type RevisionRef } from '#domain/target.ts';
import type { ProbeAnswer, Prober } from '#ports/prober.ts';
import type { Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';

const PROBE_TIMEOUT_MS = 5000;
// All looks of a move together end before the step does.
const CROSSING_TIMEOUT_MS = 2000;

/** How many answers in a row tell that the traffic has moved from where it was to `to`: between two mechanisms 30, within one a single one beside the router's own word. */
export async function looksAfter(
  registry: Registry,
  model: string,
  before: Shares,
  to: RevisionRef,
): Promise<number> {
  const versions = await registry.versions(model);
  const isCrossing = versions.some(
    ({ revision, target }) =>
      Object.hasOwn(before, revision) && mechanismOf(target) !== mechanismOf(to.target),
  );
  return isCrossing ? CROSSING_LOOKS : 1;
}

const CROSSING_LOOKS = 30;

/**
 * Why it is not certain that clients get `shares`, or undefined when it is: the router agrees in both its planes, and answers through the model's own endpoint came from a revision that has a share, `looks` of them in a row.
 * An answer without a revision's name cannot contradict the router.
 */
export async function unverified(
  { router, prober }: { readonly router: Router; readonly prober: Prober },
  model: string,
  shares: Shares,
  looks: number,
): Promise<string | undefined> {
  const verification = await router.verify(model, shares);
  if (verification.kind === 'pending') return verification.reason;
  if (verification.kind === 'different') {
    return `the router holds ${JSON.stringify(verification.shares)}, not ${JSON.stringify(shares)}`;
  }
  for (let look = 0; look < looks; look += 1) {
    const timeoutMs = looks > 1 ? CROSSING_TIMEOUT_MS : PROBE_TIMEOUT_MS;
    const stray = strayed(await prober.ready(router.route(model), timeoutMs), shares);
    if (stray !== undefined) return stray;
  }
  return undefined;
}

function strayed(answer: ProbeAnswer, shares: Shares): string | undefined {
  if (answer.kind === 'none') return answer.reason;
  return answer.revision === null || Object.hasOwn(shares, answer.revision)
    ? undefined
    : `${answer.revision} answered, which has no share`;
}
