import type { ModelVersion } from '#domain/deployment.ts';
import type { CalledHour } from '#domain/placement/learnt.ts';

/**
 * The requests that clients have sent to a model, by the hour.
 * A call may fail with `PlatformThrottled`, `PlatformUnavailable` or `PlatformDenied`.
 */
export type DemandHistory = {
  /** The hours since then (epoch ms) in which clients called the model of that live version, oldest first. Hours without requests may be absent. */
  hours(live: ModelVersion, sinceMs: number): Promise<readonly CalledHour[]>;
};
