/** What clients saw of a revision in a span of time: counts of whole requests. */
export type TrafficSample = { readonly requests: number; readonly serverErrors: number };

/**
 * Counters of client traffic. They come late (on AWS up to a minute or more) and by the minute: an answer covers what has arrived, never more.
 * Fails with `PlatformThrottled`, `PlatformUnavailable`.
 */
export type Metrics = {
  /** The requests that `revision` answered since `sinceMs` (epoch), Slipway's own probes included; a server error is a 5xx. */
  traffic(revision: string, sinceMs: number): Promise<TrafficSample>;
};
