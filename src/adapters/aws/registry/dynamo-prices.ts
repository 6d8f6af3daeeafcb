import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { completed, type UnitPrices } from '#domain/placement/unit-prices.ts';
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
      return kept && completed(kept);
    },
    async keep(prices) {
      const record = { S: JSON.stringify(prices) };
      await table.writeTogether([{ kind: 'put', row: { ...PRICES, record } }]);
    },
  };
}
