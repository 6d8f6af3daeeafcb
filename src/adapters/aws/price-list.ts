import { type Filter, type PricingClient, paginateGetProducts } from '@aws-sdk/client-pricing';
import * as z from 'zod/mini';
import priceList from '#domain/data/price-list.json' with { type: 'json' };
import { parseJson } from '#domain/parse-json.ts';
import {
  PRICE_NAMES,
  type PriceName,
  TIERED_NAMES,
  type Tier,
  type TieredName,
  type Tiers,
} from '#domain/placement/unit-prices.ts';
import { translated } from './failures.ts';

/** The region whose endpoint of the Price List answers for all regions of the partition, near to the given one. https://docs.aws.amazon.com/general/latest/gr/aws-pricing.html */
export function priceListRegion(region: string): string {
  if (region.startsWith('eu-')) return 'eu-central-1';
  return region.startsWith('ap-') ? 'ap-south-1' : 'us-east-1';
}

const MOST_RESULTS = 100;
// The value of a filter has at most 1024 characters, and the longest name of a type 18.
const TYPES_A_CALL = 50;

// An item of `PriceList` is a text of JSON. https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-the-aws-price-list-bulk-api-fetching-price-list-files-manually.html
const product = z.object({
  product: z.object({
    productFamily: z.optional(z.string()),
    attributes: z.record(z.string(), z.string()),
  }),
  terms: z.object({
    OnDemand: z.optional(
      z.record(
        z.string(),
        z.object({
          priceDimensions: z.record(
            z.string(),
            z.object({
              beginRange: z.optional(z.string()),
              endRange: z.optional(z.string()),
              pricePerUnit: z.record(z.string(), z.string()),
            }),
          ),
        }),
      ),
    ),
  }),
});

type Product = z.infer<typeof product>;

type Place = (typeof priceList.prices)[PriceName];

/** The on-demand prices of a region that its Price List has, in USD, and their further tiers; one that it lacks is absent. */
export async function readPriceList(
  client: PricingClient,
  region: string,
): Promise<{
  readonly usd: Readonly<Partial<Record<PriceName, number>>>;
  readonly tiers: Tiers;
}> {
  const usd: Partial<Record<PriceName, number>> = {};
  const tiers: Partial<Record<TieredName, readonly Tier[]>> = {};
  for (const name of PRICE_NAMES) {
    const [first, ...further] = await readPrice(client, region, priceList.prices[name]);
    if (!first) continue;
    usd[name] = first.usd;
    const tiered = TIERED_NAMES.find((each) => each === name);
    if (tiered && further.length > 0) tiers[tiered] = further;
  }
  return { usd, tiers };
}

/** The price of an hour (USD) of each of these instance types that the region sells: Linux, on demand, on shared hardware. */
export async function readInstancePrices(
  client: PricingClient,
  region: string,
  instanceTypes: readonly string[],
): Promise<Readonly<Record<string, number>>> {
  const found: Record<string, number> = {};
  for (let from = 0; from < instanceTypes.length; from += TYPES_A_CALL) {
    const asked = instanceTypes.slice(from, from + TYPES_A_CALL);
    const products = await productsOf(
      client,
      'AmazonEC2',
      [['regionCode', region], ...Object.entries(priceList.instances.match)],
      [{ Type: 'ANY_OF', Field: 'instanceType', Value: asked.join(',') }],
    );
    for (const each of products) {
      const { instanceType = '' } = each.product.attributes;
      const [first] = paidTiers(each);
      if (!first || !asked.includes(instanceType)) continue;
      found[instanceType] = Math.max(first.usd, found[instanceType] ?? 0);
    }
  }
  return found;
}

/** The tiers of a price that cost anything, the lowest first; empty where the list has none. */
async function readPrice(
  client: PricingClient,
  region: string,
  place: Place,
): Promise<readonly Tier[]> {
  for (const service of place.services) {
    const products = await productsOf(client, service, [
      ['regionCode', region],
      ...Object.entries(place.match),
    ]);
    const [dearest] = products
      .filter((each) => isOf(each, place.usageType))
      .map(paidTiers)
      .filter(([first]) => first !== undefined)
      .toSorted(([one], [other]) => (other?.usd ?? 0) - (one?.usd ?? 0));
    // Several products of one usage type are variants that nobody has told apart: the dearest never understates.
    if (dearest) return dearest;
  }
  return [];
}

async function productsOf(
  client: PricingClient,
  ServiceCode: string,
  fields: readonly (readonly [string, string])[],
  more: readonly Filter[] = [],
): Promise<readonly Product[]> {
  const terms = fields.map(([Field, Value]): Filter => ({ Type: 'TERM_MATCH', Field, Value }));
  const Filters = [...terms, ...more];
  const input = { ServiceCode, Filters, FormatVersion: 'aws_v1', MaxResults: MOST_RESULTS };
  const products: Product[] = [];
  await translated(
    async () => {
      for await (const { PriceList = [] } of paginateGetProducts({ client }, input)) {
        for (const text of PriceList) {
          const parsed = product.safeParse(parseJson(String(text)));
          if (parsed.success) products.push(parsed.data);
        }
      }
    },
    { InternalErrorException: 'PlatformUnavailable' },
  );
  return products;
}

// USE1-, EU-, EUC1-, APS1-; in us-east-1 often none.
const PREFIX = /^[A-Z]{2,4}\d?-/;

/** Usage types begin with the region's own prefix, in us-east-1 also without one. */
function isOf({ product: { attributes } }: Product, usageType: string): boolean {
  const own = attributes['usagetype'] ?? '';
  return own === usageType || own.replace(PREFIX, '') === usageType;
}

/** The tiers that cost anything, the lowest first. Before them may be a free one, which counts as used up. */
function paidTiers({ terms: { OnDemand = {} } }: Product): readonly Tier[] {
  const paid = Object.values(OnDemand)
    .flatMap(({ priceDimensions }) => Object.values(priceDimensions))
    .map(({ beginRange = '0', endRange = 'Inf', pricePerUnit }) => ({
      from: Number(beginRange),
      to: endRange,
      usd: Number(pricePerUnit['USD']),
    }))
    .filter(({ from, usd }) => from >= 0 && usd > 0)
    .toSorted((one, other) => one.from - other.from || other.usd - one.usd);
  // A tier begins where the one before it ends: further ones belong to another list.
  const last = paid.findIndex(({ to }, index) => Number(to) !== paid[index + 1]?.from);
  return paid.slice(0, last + 1).map(({ from, usd }, index) => ({ from: index && from, usd }));
}
