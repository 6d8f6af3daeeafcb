const LONGEST_WAIT_SECONDS = 30;

/**
 * How long to wait (whole seconds, 1..`atMost`) before looking again at something that began `elapsedMs` ago.
 * A tenth of what it has taken so far: the wait costs at most that share of the whole, and a long one is looked at seldom.
 */
export function retrySeconds(elapsedMs: number, atMost = LONGEST_WAIT_SECONDS): number {
  return Math.min(atMost, Math.max(1, Math.floor(elapsedMs / 10_000)));
}

const SLICE_SECONDS = 30;

/** The bake cut into equal slices (whole seconds) of at most 30 s; 0 for no bake. */
export function bakeSlice(bakeSeconds: number): number {
  const slices = Math.ceil(bakeSeconds / SLICE_SECONDS);
  return slices === 0 ? 0 : Math.ceil(bakeSeconds / slices);
}
