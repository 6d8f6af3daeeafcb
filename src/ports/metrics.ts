import type { RevisionRef } from '#domain/placement/target.ts';

/** What clients saw of a revision in a span of time: counts of whole requests. */
export type TrafficSample = { readonly requests: number; readonly serverErrors: number };

export type AlarmSample = {
  readonly ringing: readonly string[];
  readonly unknown: readonly string[];
};

/**
 * Counters of client traffic. They come late (on AWS up to a minute or more) and by the minute: an answer covers what has arrived, never more.
 * Fails with `PlatformThrottled`, `PlatformUnavailable`.
 */
export type Metrics = {
  /** The requests that the revision answered since `sinceMs` (epoch), Slipway's own probes included; a server error is a 5xx. */
  traffic(revision: RevisionRef, sinceMs: number): Promise<TrafficSample>;
  /** Of these alarms, by name, those that ring, and those that nobody can be asked about, as on one machine. */
  alarms(names: readonly string[]): Promise<AlarmSample>;
};
