import type { ReplicaLimits } from '#domain/placement/scale.ts';
import type { RevisionRef } from '#domain/placement/target.ts';

/** The most replicas that a live revision may have, or executions at once where it is a function; null for no ceiling. `usual`: the limits of its scaling now; `scales`: the count changes by itself. */
export type Ceiling = {
  readonly most: number | null;
  readonly usual: ReplicaLimits;
  readonly scales: boolean;
};

/**
 * Limits how many replicas of a live revision run, whatever its scaling says.
 * A call may fail with `PlatformThrottled`, `PlatformUnavailable` or `PlatformDenied`.
 */
export type Ceilings = {
  /** Sets the ceiling, or takes it away. Idempotent; a no-op for a revision that is gone. At 0 a function in an account answers nothing; everything else keeps one replica. A function stays as it is where the account has no executions left to reserve for it. */
  set(live: RevisionRef & { readonly model: string }, ceiling: Ceiling): Promise<void>;
};
