import type { Wanted } from '#ports/artifact-store.ts';

/** All keys of a listing, up to a number of them. */
export function upTo(limit: number): Wanted {
  return { limit, isWanted: () => true };
}
