import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { AccountLimits } from '#ports/account-limits.ts';
import type { Clock } from '#ports/clock.ts';
import { key, recordIn } from './dynamo-items.ts';
import { dynamoTable } from './dynamo-table.ts';

type Options = {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly clock: Clock;
};

const FUNCTION_MEMORY = key('ACCOUNT', 'FUNCTION_MEMORY');

/** A row for each limit, in the registry's table. */
export function dynamoAccountLimits({ client, table: name, clock }: Options): AccountLimits {
  const table = dynamoTable(client, name);
  return {
    async functionMemory() {
      const row = await table.get(FUNCTION_MEMORY);
      return row && recordIn(row);
    },
    async learnFunctionMemory(mostMiB) {
      const record = { S: JSON.stringify({ mostMiB, learntAtMs: clock.now() }) };
      await table.writeTogether([{ kind: 'put', row: { ...FUNCTION_MEMORY, record } }]);
    },
  };
}
