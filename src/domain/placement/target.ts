/** Where a revision can run. */
export const TARGETS = ['lambda', 'fargate', 'ec2'] as const;

export type Target = (typeof TARGETS)[number];

/** Where a revision runs; `isStreaming`: on Lambda, it answers as its server writes. Absent where it answers whole, and in containers, which always stream. */
export type Placement = { readonly target: Target; readonly isStreaming?: boolean };

/** A revision and where it runs. */
export type RevisionRef = Placement & { readonly revision: string };

/**
 * How a revision's traffic moves: by the weights of a function's alias, or of a load balancer's rule.
 * A function that streams its answers is called by another path, and its answers have another shape, than one that answers whole; so each kind has its own alias.
 * Two revisions can share a model's traffic only within one mechanism; between two, all of the traffic moves at once.
 */
export const MECHANISMS = ['function', 'streaming-function', 'container'] as const;

export type Mechanism = (typeof MECHANISMS)[number];

export function mechanismOf({ target, isStreaming }: Placement): Mechanism {
  if (target !== 'lambda') return 'container';
  return isStreaming ? 'streaming-function' : 'function';
}

/** A revision's placement alone. */
export function placementOf({
  target,
  isStreaming,
}: {
  readonly target: Target;
  readonly isStreaming?: boolean | undefined;
}): Placement {
  return { target, ...(isStreaming && { isStreaming }) };
}

/** The name in messages: `lambda` and `lambda (streaming)` are two mechanisms. */
export function placementName({ target, isStreaming }: Placement): string {
  return isStreaming ? `${target} (streaming)` : target;
}
