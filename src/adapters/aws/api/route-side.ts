import type { Counter } from '#adapters/aws/logs/metric-sums.ts';
import type { Change } from '#adapters/aws/registry/fenced-change.ts';
import type { Shares } from '#domain/deployment.ts';
import type { Integration } from './route-records.ts';

/** One of the mechanisms that distribute a model's requests among its revisions. */
export type RouteSide = {
  /** The revisions among these that can get a share here. */
  known(model: string, revisions: readonly string[]): Promise<ReadonlySet<string>>;
  /** The shares last written; empty when there are none. */
  shares(model: string): Promise<Shares>;
  /**
   * Makes it hold `desired`, and creates everything that the API's route to it needs; returns the integration.
   * Fails with `SharesChanged` when it holds neither `desired` nor `expected`.
   */
  set(model: string, desired: Shares, expected: Shares, change: Change): Promise<Integration>;
  /** Why requests may not all follow `shares` yet, which were written last, or undefined. */
  stray(model: string, shares: Shares): Promise<string | undefined>;
  /** The counters of requests that reach it through the API. */
  counters(model: string): Promise<readonly Counter[]>;
  /** Removes it. Idempotent. */
  remove(model: string, change: Change): Promise<void>;
};
