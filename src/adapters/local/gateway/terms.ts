import type { InvocationLimits, RevisionHost } from '#adapters/local/revisions/invocation.ts';
import { type Mechanism, mechanismOf } from '#domain/placement/target.ts';

/** What a request is held to, and whose rules these are. */
export type Terms = { readonly limits: InvocationLimits; readonly mechanism: Mechanism };

/** Undefined when there is no such revision here. */
export function termsOf(revisions: RevisionHost, revision: string): Terms | undefined {
  const limits = revisions.limits(revision);
  const target = revisions.target(revision);
  return limits && target && { limits, mechanism: mechanismOf(target) };
}
