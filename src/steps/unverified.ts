import type { Shares } from '#domain/deployment.ts';
import { mechanismOf, type Target } from '#domain/target.ts';
import type { ProbeAnswer, Prober } from '#ports/prober.ts';
import type { Router } from '#ports/router.ts';

const PROBE_TIMEOUT_MS = 5000;

/** How many answers in a row tell that the traffic has moved from one target to another: between two mechanisms 30, within one a single one beside the router's own word. */
export function looksAfter(from: Target | undefined, to: Target | undefined): number {
  return from && to && mechanismOf(from) !== mechanismOf(to) ? 30 : 1;
}

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
    const stray = strayed(await prober.ready(router.route(model), PROBE_TIMEOUT_MS), shares);
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
