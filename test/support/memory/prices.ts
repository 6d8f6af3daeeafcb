import type { UnitPrices } from '#domain/placement/unit-prices.ts';
import type { Prices } from '#ports/prices.ts';

export function memoryPrices(): Prices {
  let kept: UnitPrices | undefined;
  return {
    read: async () => kept,
    async keep(prices) {
      kept = prices;
    },
  };
}
