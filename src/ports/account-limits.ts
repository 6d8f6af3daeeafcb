/** A limit of the account that no API tells: in MiB, and when AWS last named it in a refusal (epoch ms). */
export type LearntLimit = { readonly mostMiB: number; readonly learntAtMs: number };

/**
 * What AWS's refusals have told of the account's limits; nothing is known before the first.
 * Any call may fail with `PlatformThrottled`, `PlatformUnavailable` or `PlatformDenied`.
 */
export type AccountLimits = {
  /** The most memory that a function may have; undefined while no function was refused. */
  functionMemory(): Promise<LearntLimit | undefined>;
  /** Records that a function may have so much memory (MiB) at most. The last word counts. */
  learnFunctionMemory(mostMiB: number): Promise<void>;
};
