import type { InvocationLimits, RevisionHost } from '#adapters/local/revisions/invocation.ts';
import { type Mechanism, mechanismOf } from '#domain/placement/target.ts';

/** A request's limits, and the mechanism that imposes them. */
export type Terms = { readonly limits: InvocationLimits; readonly mechanism: Mechanism };

/** Undefined when the revision does not exist here. */
export function termsOf(revisions: RevisionHost, revision: string): Terms | undefined {
  const limits = revisions.limits(revision);
  const placement = revisions.placement(revision);
  return limits && placement && { limits, mechanism: mechanismOf(placement) };
}
