/** A limit of the account that no API tells: in MiB, and when AWS last named it in a refusal (epoch ms). */
export type LearntLimit = { readonly mostMiB: number; readonly learntAtMs: number };

/**
 * The account's limits, as AWS's refusals have told them; none is known before the first refusal.
 * Any call may fail with `PlatformThrottled`, `PlatformUnavailable` or `PlatformDenied`.
 */
export type AccountLimits = {
  /** The most memory that a function may have; undefined while no function was refused. */
  functionMemory(): Promise<LearntLimit | undefined>;
  /** Records that a function may have so much memory (MiB) at most. The last word counts. */
  learnFunctionMemory(mostMiB: number): Promise<void>;
};
