import ec2 from '#domain/data/ec2-instances.json' with { type: 'json' };
import gpus from '#domain/data/gpu-instances.json' with { type: 'json' };
import prices from '#domain/data/prices-us-east-1.json' with { type: 'json' };

/** The prices by which placements are weighed, each in USD for one: a request, a second of a GB, an hour, a GB, or a month of a GB. */
export const PRICE_NAMES = [
  'apiRequest',
  'fargateGBHour',
  'fargateVcpuHour',
  'firehoseGBIn',
  'lambdaArmGBSecond',
  'lambdaRequest',
  'lambdaX86GBSecond',
  'loadBalancerHour',
  'loadBalancerUnitHour',
  'logGBIn',
  'publicAddressHour',
  'tableRead',
  'volumeGBMonth',
] as const;

export type PriceName = (typeof PRICE_NAMES)[number];

/** The prices that bills count by tiers: all that AWS has, of these. */
export const TIERED_NAMES = [
  'apiRequest',
  'firehoseGBIn',
  'lambdaArmGBSecond',
  'lambdaX86GBSecond',
  'logGBIn',
] as const;

export type TieredName = (typeof TIERED_NAMES)[number];

/** The price (USD) of each unit after the first `from` of a month. */
export type Tier = { readonly from: number; readonly usd: number };

/** The tiers after the first, the lowest first. A price without any is the same for all units. */
export type Tiers = Readonly<Partial<Record<TieredName, readonly Tier[]>>>;

/** On-demand prices of a region on a day (YYYY-MM-DD). `usd` has the first tier of each, and `tiers` those after it, which count all units of the account; absent in prices of an earlier Slipway. `shipped` names those that are not that region's, but the ones of us-east-1 that Slipway brings. `instances` has the hour of each instance type that the region sells, of those that Slipway may choose; absent where nobody has read it. `accessLog` is there where the stack has none, so that no request pays for it. */
export type UnitPrices = {
  readonly region: string;
  readonly asOf: string;
  readonly usd: Readonly<Record<PriceName, number>>;
  readonly tiers?: Tiers;
  readonly shipped: readonly PriceName[];
  readonly instances?: Readonly<Record<string, number>>;
  readonly accessLog?: 'off';
};

/** The prices that Slipway brings, each from a page that states it. */
export const SHIPPED_PRICES: UnitPrices = {
  region: prices.region,
  asOf: prices.asOf,
  usd: usdOf((name) => prices[name].usd),
  tiers: tiersOf((name) => prices[name].tiers),
  shipped: [],
  instances: Object.fromEntries(
    [...ec2.instances, ...gpus.instances].map(({ instanceType, usdPerHour }) => [
      instanceType,
      usdPerHour,
    ]),
  ),
};

/** The read prices of a region on a day, completed by the shipped ones. */
export function pricesWith(
  read: Readonly<Partial<Record<PriceName, number>>>,
  {
    region,
    asOf,
    tiers = {},
    instances,
    accessLog,
  }: Pick<UnitPrices, 'region' | 'asOf' | 'tiers' | 'instances' | 'accessLog'>,
): UnitPrices {
  return {
    region,
    asOf,
    ...(instances && { instances }),
    ...(accessLog && { accessLog }),
    usd: usdOf((name) => read[name] ?? SHIPPED_PRICES.usd[name]),
    tiers: tiersOf((name) => (read[name] === undefined ? SHIPPED_PRICES.tiers : tiers)?.[name]),
    shipped: PRICE_NAMES.filter((name) => read[name] === undefined),
  };
}

/** Kept prices of an earlier Slipway, which may lack some: the shipped ones complete them. */
export function completed(kept: UnitPrices): UnitPrices {
  const own = Object.entries(kept.usd).filter(
    ([name]) => !kept.shipped.some((each) => each === name),
  );
  return pricesWith(Object.fromEntries(own), kept);
}

/** "Prices of eu-central-1, 2026-12-01", and how many of them are shipped ones. */
export function pricesWords({ region, asOf, shipped }: Omit<UnitPrices, 'usd'>): string {
  const { region: other, asOf: day } = SHIPPED_PRICES;
  const rest = shipped.length > 0 ? ` (${shipped.length} of them of ${other}, ${day})` : '';
  return `Prices of ${region}, ${asOf}${rest}`;
}

function usdOf(price: (name: PriceName) => number): UnitPrices['usd'] {
  return {
    apiRequest: price('apiRequest'),
    fargateGBHour: price('fargateGBHour'),
    fargateVcpuHour: price('fargateVcpuHour'),
    firehoseGBIn: price('firehoseGBIn'),
    lambdaArmGBSecond: price('lambdaArmGBSecond'),
    lambdaRequest: price('lambdaRequest'),
    lambdaX86GBSecond: price('lambdaX86GBSecond'),
    loadBalancerHour: price('loadBalancerHour'),
    loadBalancerUnitHour: price('loadBalancerUnitHour'),
    logGBIn: price('logGBIn'),
    publicAddressHour: price('publicAddressHour'),
    tableRead: price('tableRead'),
    volumeGBMonth: price('volumeGBMonth'),
  };
}

function tiersOf(tiers: (name: TieredName) => readonly Tier[] | undefined): Tiers {
  return Object.fromEntries(
    TIERED_NAMES.flatMap((name) => {
      const further = tiers(name);
      return further && further.length > 0 ? [[name, further]] : [];
    }),
  );
}
