import { dynamoPrices } from '#adapters/aws/registry/dynamo-prices.ts';
import { pricesWith, SHIPPED_PRICES, type UnitPrices } from '#domain/placement/unit-prices.ts';
import { describePrices } from '../../../contracts/prices.ts';
import { dynamoWorld } from '../../../support/aws/dynamo.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { dynamodbRules } from '../../../support/aws/rules/dynamodb.ts';
import { awsRules } from '../../../support/aws/rules/rules.ts';

describeOnMoto('the prices of an account in DynamoDB', (moto) => {
  const open = () => {
    const { client, table } = dynamoWorld(moto());
    return dynamoPrices(client(awsRules(dynamodbRules())), table);
  };

  describePrices('dynamoPrices', open);

  it('are completed by the shipped ones where an older Slipway kept fewer', async () => {
    const prices = open();
    const kept = pricesWith({ tableRead: 1, lambdaRequest: 2 }, { region: 'eu-west-1', asOf: 'x' });
    const { tableRead, lambdaRequest } = kept.usd;
    await prices.keep({
      ...kept,
      shipped: [],
      usd: { tableRead, lambdaRequest },
    } as unknown as UnitPrices);

    const read = await prices.read();

    expect(read?.usd).toEqual({ ...SHIPPED_PRICES.usd, tableRead: 1, lambdaRequest: 2 });
    expect(read?.shipped).toHaveLength(11);
  });
});
