const NOT_FOUND = new Set(['NotFoundException', 'ResourceNotFoundException']);

/** For a `catch`: undefined for a not-found error; rethrows any other. */
export function absentIfNotFound(error: unknown): undefined {
  if (error instanceof Error && NOT_FOUND.has(error.name)) return undefined;
  throw error;
}
