import type { Counter } from '#adapters/aws/logs/metric-sums.ts';
import type { Change } from '#adapters/aws/registry/fenced-change.ts';
import type { Shares } from '#domain/deployment.ts';
import type { Integration } from './route-records.ts';

/** One of the two mechanisms by which a model's requests are shared among its revisions. */
export type RouteSide = {
  /** Those of these revisions that can get a share here. */
  known(model: string, revisions: readonly string[]): Promise<ReadonlySet<string>>;
  /** What it was told last; empty for nothing. */
  shares(model: string): Promise<Shares>;
  /**
   * Makes it hold `wish`, and all that the API's route to it needs; answers where that leads.
   * Fails with `SharesChanged` when it holds neither `wish` nor `expected`.
   */
  set(model: string, wish: Shares, expected: Shares, change: Change): Promise<Integration>;
  /** Why requests do not all go where `shares` say yet, which it was told last, or undefined. */
  stray(model: string, shares: Shares): Promise<string | undefined>;
  /** What counts the requests that come to it through the API. */
  counters(model: string): Promise<readonly Counter[]>;
  /** Takes it away; what is not there is success. */
  remove(model: string, change: Change): Promise<void>;
};
