import type { AwsRule } from './rules.ts';

/** A product of the Price List: its attributes and family, and the prices of its tiers in USD, by where each begins. */
export type ListedProduct = {
  readonly service: string;
  readonly productFamily?: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly usd: Readonly<Record<string, string>>;
};

type Asked = {
  readonly ServiceCode?: string;
  readonly Filters?: readonly {
    readonly Type: string;
    readonly Field: string;
    readonly Value: string;
  }[];
  readonly NextToken?: string;
  readonly MaxResults?: number;
  readonly FormatVersion?: string;
};

const MOST_RESULTS = 100;
const refused = (message: string) => ({ name: 'InvalidParameterException', message, status: 400 });

/** The Price List of AWS with these products; moto has none. */
export function priceList(products: readonly ListedProduct[]): readonly AwsRule[] {
  return [
    {
      name: 'pricing: products by exact terms, a hundred at a time, each as a text of JSON',
      service: 'Pricing',
      commands: ['GetProducts'],
      source:
        'https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html, API_pricing_Filter.html; the form of a product from its example and from tests of public repositories',
      before({ input }) {
        const asked = input as Asked;
        const { ServiceCode, Filters = [], NextToken = '0', MaxResults = MOST_RESULTS } = asked;
        if (MaxResults < 1 || MaxResults > MOST_RESULTS) return refused('MaxResults: 1 to 100');
        if ((asked.FormatVersion ?? 'aws_v1') !== 'aws_v1') return refused('FormatVersion');
        const wrong = Filters.find(({ Type }) => !['TERM_MATCH', 'ANY_OF'].includes(Type));
        if (wrong) return refused(`nobody has written what ${wrong.Type} answers`);
        const long = Filters.find(({ Value }) => Value.length < 1 || Value.length > 1024);
        if (long) return refused(`Value of ${long.Field}: 1 to 1024 characters`);
        const found = products.filter(
          (product) =>
            product.service === ServiceCode &&
            Filters.every(({ Type, Field, Value }) =>
              valuesOf(Type, Value).includes(termOf(product, Field) ?? ''),
            ),
        );
        const from = Number(NextToken);
        const page = found.slice(from, from + MaxResults).map(asListed);
        const next =
          from + MaxResults < found.length ? { NextToken: String(from + MaxResults) } : {};
        return { output: { FormatVersion: 'aws_v1', PriceList: page, ...next } };
      },
    },
  ];
}

/** ANY_OF has its values between commas. */
function valuesOf(type: string, value: string): readonly string[] {
  return type === 'ANY_OF' ? value.split(',').map((each) => each.trim()) : [value];
}

function termOf({ productFamily, attributes }: ListedProduct, field: string): string | undefined {
  return field === 'productFamily' ? productFamily : attributes[field];
}

function asListed({ service, productFamily, attributes, usd }: ListedProduct, at: number): string {
  const sku = `SKU${at}`;
  const begins = Object.keys(usd);
  const dimensions = Object.entries(usd).map(([beginRange, USD], index) => [
    `${sku}.OFFER.${beginRange}`,
    {
      unit: 'Units',
      beginRange,
      endRange: begins[index + 1] ?? 'Inf',
      pricePerUnit: { USD },
      appliesTo: [],
    },
  ]);
  return JSON.stringify({
    product: { ...(productFamily && { productFamily }), attributes, sku },
    serviceCode: service,
    terms: {
      OnDemand: {
        [`${sku}.OFFER`]: {
          sku,
          offerTermCode: 'OFFER',
          termAttributes: {},
          priceDimensions: Object.fromEntries(dimensions),
        },
      },
    },
    version: '20261101000000',
    publicationDate: '2026-11-01T00:00:00Z',
  });
}
