const LONGEST_WAIT_SECONDS = 30;

/**
 * How long to wait (whole seconds, 1..`atMost`) before checking again on something that began `elapsedMs` ago.
 * A tenth of the time so far: waiting adds at most a tenth to the total, and a long wait is checked seldom.
 */
export function retrySeconds(elapsedMs: number, atMost = LONGEST_WAIT_SECONDS): number {
  return Math.min(atMost, Math.max(1, Math.floor(elapsedMs / 10_000)));
}

const SLICE_SECONDS = 30;

/** The length of the equal slices (whole seconds, at most 30) of a bake; 0 for no bake. */
export function bakeSlice(bakeSeconds: number): number {
  const slices = Math.ceil(bakeSeconds / SLICE_SECONDS);
  return slices === 0 ? 0 : Math.ceil(bakeSeconds / slices);
}
