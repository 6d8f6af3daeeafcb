import type { ModelVersion } from '#domain/deployment.ts';
import type { CalledHour } from '#domain/placement/learnt.ts';

/**
 * The requests that clients have sent to a model, by the hour.
 * A call may fail with `PlatformThrottled`, `PlatformUnavailable` or `PlatformDenied`.
 */
export type DemandHistory = {
  /**
   * The hours since then (epoch ms) in which clients called the model of that live version, whichever version answered, oldest first. Hours without requests may be absent.
   * `versions` are those of its model that ever went live: each may have been counted for itself.
   */
  hours(
    live: ModelVersion,
    sinceMs: number,
    versions: readonly ModelVersion[],
  ): Promise<readonly CalledHour[]>;
};
