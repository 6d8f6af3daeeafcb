import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { translated } from '#adapters/aws/failures.ts';
import type { Row } from '#adapters/aws/registry/dynamo-query.ts';
import type { ApiKey } from '#domain/api-key.ts';
import type { ApiKeys } from '#ports/api-keys.ts';

export const KEYS = 'KEYS';

export function keyPosition(hash: string) {
  return { pk: { S: KEYS }, sk: { S: hash } };
}

export function keyIn(row: Row): ApiKey {
  return JSON.parse(row['record']?.S ?? '');
}

/** `ApiKeys.find` alone, which is all that the authorizer needs. It looks up the whole hash, so there is no comparison here whose timing could leak a key. */
export function dynamoFindKey(client: DynamoDBClient, table: string): ApiKeys['find'] {
  return async (hash) => {
    const read = new GetItemCommand({
      TableName: table,
      Key: keyPosition(hash),
      ConsistentRead: true,
    });
    const { Item } = await translated(() => client.send(read));
    return Item && keyIn(Item);
  };
}
