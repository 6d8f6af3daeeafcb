/** A monotonic clock with timers. Tests control it, as they control the Clock. */
export type Timers = {
  /** Milliseconds since an arbitrary moment. */
  nowMs(): number;
  /** Calls `run` once after `ms`, at most 24.8 days; returns the function that cancels it. */
  after(ms: number, run: () => void): () => void;
};

/** Node runs at once what is to wait for longer (ms). */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const realTimers: Timers = {
  nowMs: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(ms, LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  },
};
