import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { pricesWith, type UnitPrices } from '#domain/placement/unit-prices.ts';
import type { Prices } from '#ports/prices.ts';
import { key, recordIn } from './dynamo-items.ts';
import { dynamoTable } from './dynamo-table.ts';

const PRICES = key('ACCOUNT', 'PRICES');

/** A row in the registry's table. One that an older Slipway wrote may lack some prices: the shipped ones complete it. */
export function dynamoPrices(client: DynamoDBClient, name: string): Prices {
  const table = dynamoTable(client, name);
  return {
    async read() {
      const row = await table.get(PRICES);
      const kept: UnitPrices | undefined = row && recordIn(row);
      if (!kept) return undefined;
      const own = Object.entries(kept.usd).filter(([each]) => !isShipped(kept, each));
      return pricesWith(Object.fromEntries(own), kept);
    },
    async keep(prices) {
      const record = { S: JSON.stringify(prices) };
      await table.writeTogether([{ kind: 'put', row: { ...PRICES, record } }]);
    },
  };
}

function isShipped({ shipped }: UnitPrices, name: string): boolean {
  return shipped.some((each) => each === name);
}
