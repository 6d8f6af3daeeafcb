import type { Shares } from '#domain/deployment.ts';
import type { Prober } from '#ports/prober.ts';
import type { Router } from '#ports/router.ts';

const PROBE_TIMEOUT_MS = 5000;

/**
 * Why it is not certain that clients get `shares`, or undefined when it is: the router agrees in both its planes, and an answer through the model's own endpoint came from a revision that has a share.
 * An answer without a revision's name cannot contradict the router.
 */
export async function unverified(
  { router, prober }: { readonly router: Router; readonly prober: Prober },
  model: string,
  shares: Shares,
): Promise<string | undefined> {
  const verification = await router.verify(model, shares);
  if (verification.kind === 'pending') return verification.reason;
  if (verification.kind === 'different') {
    return `the router holds ${JSON.stringify(verification.shares)}, not ${JSON.stringify(shares)}`;
  }
  const answer = await prober.ready(router.route(model), PROBE_TIMEOUT_MS);
  if (answer.kind === 'none') return answer.reason;
  return answer.revision === null || Object.hasOwn(shares, answer.revision)
    ? undefined
    : `${answer.revision} answered, which has no share`;
}
