import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { translated } from '#adapters/aws/failures.ts';
import type { Row } from '#adapters/aws/registry/dynamo-query.ts';
import type { ApiKey } from '#domain/api-key.ts';
import type { ApiKeys } from '#ports/api-keys.ts';

/** The one partition that held all keys; releases before wrote them there. */
export const OLD_KEYS = 'KEYS';

/** The partitions of the keys, by the first digit of the hash: one partition answers 3,000 strong reads a second. */
export const KEY_PARTITIONS: readonly string[] = Array.from(
  { length: 16 },
  (_, digit) => `KEYS#${digit.toString(16)}`,
);

export function keyPosition(hash: string) {
  return { pk: { S: `KEYS#${hash.slice(0, 1)}` }, sk: { S: hash } };
}

export function oldKeyPosition(hash: string) {
  return { pk: { S: OLD_KEYS }, sk: { S: hash } };
}

export function keyIn(row: Row): ApiKey {
  return JSON.parse(row['record']?.S ?? '');
}

/**
 * `ApiKeys.find` alone, which is all that the authorizer needs. It looks up the whole hash, so there is no comparison here whose timing could leak a key.
 * A key that was not moved yet is found in the old partition. One that is moved between these reads is found by a third, which so an unknown key costs too.
 */
export function dynamoFindKey(client: DynamoDBClient, table: string): ApiKeys['find'] {
  async function read(Key: ReturnType<typeof keyPosition>): Promise<Row | undefined> {
    const get = new GetItemCommand({ TableName: table, Key, ConsistentRead: true });
    return (await translated(() => client.send(get))).Item;
  }

  return async (hash) => {
    for (const position of [keyPosition(hash), oldKeyPosition(hash), keyPosition(hash)]) {
      const row = await read(position);
      if (row) return keyIn(row);
    }
    return undefined;
  };
}
