const NOT_FOUND = new Set(['NotFoundException', 'ResourceNotFoundException']);

/** For a `catch`: undefined for what is not there; any other error is thrown. */
export function absentIfNotFound(error: unknown): undefined {
  if (error instanceof Error && NOT_FOUND.has(error.name)) return undefined;
  throw error;
}
