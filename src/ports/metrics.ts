import type { RevisionRef } from '#domain/placement/target.ts';
import type { Pace } from '#domain/rollout/judge-bake.ts';

/** A revision and the deployment that first made it, by whose id its server marks what it counts: no other model knows it, and a line that one prints counts for nobody else. */
export type MadeRevision = RevisionRef & { readonly madeBy: string };

/**
 * The answers that clients got from a revision in a time window: counts of whole requests.
 * `refused` were refused for what they are: by 400, 413, 415 or 422, or, where a load balancer counts, by any 4xx.
 */
export type TrafficSample = {
  readonly requests: number;
  readonly serverErrors: number;
  readonly refused: number;
};

export type AlarmSample = {
  readonly ringing: readonly string[];
  readonly unknown: readonly string[];
};

/**
 * Counters of client traffic. They arrive late (on AWS by a minute or more) and by the minute: an answer covers only what has arrived.
 * Fails with `PlatformThrottled`, `PlatformUnavailable`.
 */
export type Metrics = {
  /** Counts the requests that the revision answered since `sinceMs` (epoch), including Slipway's own probes; a server error is a 5xx. */
  traffic(revision: MadeRevision, sinceMs: number): Promise<TrafficSample>;
  /** How fast the revision of a language model wrote since `sinceMs` (epoch), for Slipway's own probes too; of 0 answers where nothing tells. */
  pace(revision: MadeRevision, sinceMs: number): Promise<Pace>;
  /** The names among these alarms that are in alarm, and those whose state is unknown, as all are on one machine. */
  alarms(names: readonly string[]): Promise<AlarmSample>;
};
