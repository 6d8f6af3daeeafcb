import { translated } from '#adapters/aws/failures.ts';

/** One thing that goes. `remove` may be repeated; what is gone already is success. */
export type Removal = { readonly what: string; readonly remove: () => Promise<void> };

// What the services call something that is not there.
const GONE = new Set([
  'NoSuchBucket',
  'NotFoundException',
  'RepositoryNotFoundException',
  'ResourceNotFoundException',
  'StateMachineDoesNotExist',
  'StateMachineDeleting',
]);

/** Asks for something, or answers undefined where it is about what is gone. */
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
