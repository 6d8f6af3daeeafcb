import { priceList } from '../aws/rules/pricing.ts';
import { ruled } from './ruled.ts';

const products = Array.from({ length: 150 }, (_, index) => ({
  service: 'AWSLambda',
  productFamily: 'Serverless',
  attributes: { regionCode: index < 120 ? 'us-east-1' : 'eu-west-1', usagetype: `Type${index}` },
  usd: { 0: '0.1', 1000: '0.05' },
}));
const asked = (input: object) => ruled(priceList(products), 'Pricing.GetProducts', input);
const region = { Type: 'TERM_MATCH', Field: 'regionCode', Value: 'us-east-1' };

describe('the Price List', () => {
  it('answers a hundred products at a time, and where the next begin', async () => {
    const first = await asked({ ServiceCode: 'AWSLambda', Filters: [region] });
    const next = await asked({ ServiceCode: 'AWSLambda', Filters: [region], NextToken: '100' });

    expect(first).toMatchObject({ FormatVersion: 'aws_v1', NextToken: '100' });
    expect((first as { PriceList: string[] }).PriceList).toHaveLength(100);
    expect((next as { PriceList: string[] }).PriceList).toHaveLength(20);
    expect(next).not.toHaveProperty('NextToken');
  });

  it('has each product as a text of JSON, with the prices of its tiers', async () => {
    const [text = ''] = (
      (await asked({
        ServiceCode: 'AWSLambda',
        Filters: [{ ...region, Field: 'usagetype', Value: 'Type3' }],
      })) as { PriceList: string[] }
    ).PriceList;

    expect(JSON.parse(text)).toMatchObject({
      product: { attributes: { usagetype: 'Type3' } },
      terms: {
        OnDemand: {
          'SKU0.OFFER': {
            priceDimensions: {
              'SKU0.OFFER.0': { beginRange: '0', endRange: '1000' },
              'SKU0.OFFER.1000': { beginRange: '1000', endRange: 'Inf' },
            },
          },
        },
      },
    });
  });

  it.each([
    { MaxResults: 101 },
    { FormatVersion: 'aws_v2' },
    { Filters: [{ ...region, Type: 'CONTAINS' }] },
  ])('refuses %j', async (more) => {
    expect(await asked({ ServiceCode: 'AWSLambda', ...more })).toBe('InvalidParameterException');
  });
});
