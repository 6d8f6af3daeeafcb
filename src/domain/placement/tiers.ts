import type { TieredName, UnitPrices } from './unit-prices.ts';

/** The units of a month of each price that has tiers: requests, and GB-seconds. */
export type TieredUse = Readonly<Record<TieredName, number>>;

const NO_USE: TieredUse = { apiRequest: 0, lambdaX86GBSecond: 0 };

/** The price (USD) of each of so many units in a month, on average over the tiers that they reach; for no units it is that of the first. */
export function averageUsd(
  { usd, tiers = {} }: Pick<UnitPrices, 'usd' | 'tiers'>,
  name: TieredName,
  units: number,
): number {
  const first = usd[name];
  const reached = (tiers[name] ?? []).filter(({ from }) => from < units);
  return reached.reduce((average, tier, index) => {
    const before = reached[index - 1]?.usd ?? first;
    return average - (before - tier.usd) * (1 - tier.from / units);
  }, first);
}

/** The sum of what several use. */
export function usedTogether(uses: readonly TieredUse[]): TieredUse {
  return uses.reduce(
    (sum, use) => ({
      apiRequest: sum.apiRequest + use.apiRequest,
      lambdaX86GBSecond: sum.lambdaX86GBSecond + use.lambdaX86GBSecond,
    }),
    NO_USE,
  );
}

/** The prices without tiers, each on average over so many units in a month: a tenth of the units then costs a tenth of the bill. */
export function averagedOver(prices: UnitPrices, use: TieredUse): UnitPrices {
  const { tiers: _, ...flat } = prices;
  const apiRequest = averageUsd(prices, 'apiRequest', use.apiRequest);
  const lambdaX86GBSecond = averageUsd(prices, 'lambdaX86GBSecond', use.lambdaX86GBSecond);
  return { ...flat, usd: { ...prices.usd, apiRequest, lambdaX86GBSecond } };
}

/** The prices of the first units of a month, for a bill of less than a month: nobody knows which tiers the rest of it reaches. They never understate. */
export function firstTiers(prices: UnitPrices): UnitPrices {
  return averagedOver(prices, NO_USE);
}
