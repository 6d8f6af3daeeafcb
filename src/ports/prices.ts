import type { UnitPrices } from '#domain/placement/unit-prices.ts';

/**
 * The prices of the account's region, as its last deploy read them.
 * A call may fail with `PlatformThrottled`, `PlatformUnavailable` or `PlatformDenied`.
 */
export type Prices = {
  /** Undefined where no deploy has read any: then the shipped ones hold. */
  read(): Promise<UnitPrices | undefined>;
  /** Replaces those that were kept. */
  keep(prices: UnitPrices): Promise<void>;
};
