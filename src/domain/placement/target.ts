/** Where a revision can run. */
export const TARGETS = ['lambda', 'fargate', 'ec2'] as const;

export type Target = (typeof TARGETS)[number];

/** A revision and where it runs. */
export type RevisionRef = { readonly revision: string; readonly target: Target };

/**
 * How a target's traffic moves: by the weights of a function's alias, or of a load balancer's rule.
 * Two revisions can share a model's traffic only within one mechanism; between two, all of the traffic moves at once.
 */
export type Mechanism = 'function' | 'container';

export function mechanismOf(target: Target): Mechanism {
  return target === 'lambda' ? 'function' : 'container';
}
