import { frontDoorOf } from './cost.ts';
import {
  type BillItem,
  type Demand,
  isBeyondTimed,
  type Limits,
  type Measured,
  monthlyRequests,
  type PlacedOption,
} from './demand.ts';
import type { UnitPrices } from './unit-prices.ts';

type Priced = {
  readonly size: Omit<PlacedOption, 'bill' | 'usd' | 'ownUsd' | 'refusals'>;
  /** The model's own part of the bill. */
  readonly own: readonly BillItem[];
  readonly refusals: readonly (string | false)[];
  readonly measured: Measured;
  readonly demand: Demand;
  readonly limits: Limits;
  readonly prices: UnitPrices;
};

/** The option with its bill, and with the limits on the time of an answer and on the bill among those that it breaks. */
export function pricedOption({
  size,
  own,
  refusals,
  measured,
  demand,
  limits,
  prices,
}: Priced): PlacedOption {
  const bill = [...own, ...frontDoor(demand, prices)];
  const ownUsd = total(own);
  const { maxMonthlyUsd } = limits;
  const broken = [
    ...refusals,
    demand.p95Ms !== null &&
      size.p95Ms > demand.p95Ms &&
      `95 % of the requests take up to ${Math.ceil(size.p95Ms)} ms; ${demand.p95Ms} were asked for`,
    maxMonthlyUsd !== null &&
      ownUsd > maxMonthlyUsd &&
      `it costs $${ownUsd.toFixed(2)} a month; the cap maxMonthlyUsd is $${maxMonthlyUsd}`,
  ];
  const refusedFor = broken.filter((said) => said !== false);
  const isExtrapolated = isBeyondTimed(measured, size.vcpus);
  return {
    ...size,
    ...(isExtrapolated && { isExtrapolated }),
    bill,
    usd: total(bill),
    ownUsd,
    refusals: refusedFor,
  };
}

/** The cost of a month's requests before any target. */
export function frontDoor(demand: Demand, prices: UnitPrices): readonly BillItem[] {
  const requests = monthlyRequests(demand);
  return frontDoorOf(prices, requests).map(({ what, usd }) => ({ what, usd: requests * usd }));
}

/** The sum of a bill, in USD. */
export function total(items: readonly BillItem[]): number {
  return items.reduce((sum, { usd }) => sum + usd, 0);
}
