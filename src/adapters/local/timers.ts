/** A monotonic clock with timers. Tests control it, as they control the Clock. */
export type Timers = {
  /** Milliseconds since an arbitrary moment. */
  nowMs(): number;
  /** Calls `run` once after `ms`; returns the function that cancels it. */
  after(ms: number, run: () => void): () => void;
};

export const realTimers: Timers = {
  nowMs: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
