import type { TieredName, UnitPrices } from './unit-prices.ts';

/** The units of a month of each price that has tiers, such as requests and GB-seconds. */
export type TieredUse = Readonly<Record<TieredName, number>>;

/** The use of a model that nobody calls, or of which nothing is known. */
export const NO_USE: TieredUse = useBy(() => 0);

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
  return uses.reduce((sum, use) => useBy((name) => sum[name] + use[name]), NO_USE);
}

/** The prices without tiers, each on average over so many units in a month: a tenth of the units then costs a tenth of the bill. */
export function averagedOver(prices: UnitPrices, use: TieredUse): UnitPrices {
  const { tiers: _, ...flat } = prices;
  const averaged = useBy((name) => averageUsd(prices, name, use[name]));
  return { ...flat, usd: { ...prices.usd, ...averaged } };
}

/** The prices of the first units of a month, for a bill of less than a month: nobody knows which tiers the rest of it reaches. They never understate. */
export function firstTiers(prices: UnitPrices): UnitPrices {
  return averagedOver(prices, NO_USE);
}

function useBy(units: (name: TieredName) => number): TieredUse {
  return {
    apiRequest: units('apiRequest'),
    firehoseGBIn: units('firehoseGBIn'),
    lambdaArmGBSecond: units('lambdaArmGBSecond'),
    lambdaX86GBSecond: units('lambdaX86GBSecond'),
    logGBIn: units('logGBIn'),
  };
}
