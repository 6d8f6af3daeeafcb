import { type Filter, type PricingClient, paginateGetProducts } from '@aws-sdk/client-pricing';
import * as z from 'zod/mini';
import priceList from '#domain/data/price-list.json' with { type: 'json' };
import { parseJson } from '#domain/parse-json.ts';
import { PRICE_NAMES, type PriceName } from '#domain/placement/unit-prices.ts';
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

/** The on-demand prices of a region that its Price List has, in USD; one that it lacks is absent. */
export async function readPriceList(
  client: PricingClient,
  region: string,
): Promise<Readonly<Partial<Record<PriceName, number>>>> {
  const found: Partial<Record<PriceName, number>> = {};
  for (const name of PRICE_NAMES) {
    const usd = await readPrice(client, region, priceList.prices[name]);
    if (usd !== undefined) found[name] = usd;
  }
  return found;
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
      const usd = firstPaid(each);
      if (usd === undefined || !asked.includes(instanceType)) continue;
      found[instanceType] = Math.max(usd, found[instanceType] ?? 0);
    }
  }
  return found;
}

async function readPrice(
  client: PricingClient,
  region: string,
  place: Place,
): Promise<number | undefined> {
  for (const service of place.services) {
    const products = await productsOf(client, service, [
      ['regionCode', region],
      ...Object.entries(place.match),
    ]);
    const prices = products
      .filter((each) => isOf(each, place.usageType))
      .flatMap((each) => firstPaid(each) ?? []);
    // Several prices of one usage type are tiers or variants that nobody has told apart: the dearest never understates.
    if (prices.length > 0) return Math.max(...prices);
  }
  return undefined;
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

/** The price of the first tier that costs anything: before it may be a free one. */
function firstPaid({ terms: { OnDemand = {} } }: Product): number | undefined {
  const [first] = Object.values(OnDemand)
    .flatMap(({ priceDimensions }) => Object.values(priceDimensions))
    .map(({ beginRange = '0', pricePerUnit }) => ({
      from: Number(beginRange),
      usd: Number(pricePerUnit['USD']),
    }))
    .filter(({ usd }) => usd > 0)
    .toSorted((one, other) => one.from - other.from);
  return first?.usd;
}
