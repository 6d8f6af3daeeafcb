import { translated } from '#adapters/aws/failures.ts';

/** The removal of one thing. `remove` is idempotent: it does nothing when the thing is already gone. */
export type Removal = { readonly what: string; readonly remove: () => Promise<void> };

// The services' error names for a missing resource.
const GONE = new Set([
  'ClusterNotFoundException',
  'ListenerNotFoundException',
  'NoSuchBucket',
  // A bucket without tags gives this error.
  'NoSuchTagSet',
  'NotFoundException',
  'ParameterNotFound',
  'RepositoryNotFoundException',
  'ResourceNotFoundException',
  'StateMachineDoesNotExist',
  'StateMachineDeleting',
]);

/** Makes a call; undefined when its resource is gone. */
export async function unlessGone<Answer>(call: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await translated(call);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && (GONE.has(error.name) || isGone(error.cause));
}
