/** A clock that never goes back, and what is to be done later by it. A test owns it, as it owns the Clock. */
export type Timers = {
  /** Milliseconds since some moment. */
  nowMs(): number;
  /** Calls `run` once, in so many milliseconds; answers how to call that off. */
  after(ms: number, run: () => void): () => void;
};

export const realTimers: Timers = {
  nowMs: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
