import { randomUUID } from 'node:crypto';
import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  TransactGetItemsCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { translated } from '#adapters/aws/failures.ts';
import { type Partition, queryRows, type Row } from './dynamo-query.ts';

export type Key = { readonly pk: { readonly S: string }; readonly sk: { readonly S: string } };

// A transaction holds the row.
const CONFLICT = { TransactionConflictException: 'PlatformThrottled' } as const;

export type DynamoTable = ReturnType<typeof dynamoTable>;

/** A table with a partition key `pk` and a sort key `sk`. All reads are strongly consistent. */
export function dynamoTable(client: DynamoDBClient, table: string) {
  return {
    rows: (partition: Partition) => queryRows(client, table, partition),

    async all(partition: Partition): Promise<readonly Row[]> {
      const rows: Row[] = [];
      for await (const row of queryRows(client, table, partition)) rows.push(row);
      return rows;
    },

    async get(key: Key): Promise<Row | undefined> {
      const read = new GetItemCommand({ TableName: table, Key: key, ConsistentRead: true });
      return (await translated(() => client.send(read))).Item;
    },

    /** A consistent snapshot of several rows. */
    async getTogether(keys: readonly Key[]): Promise<readonly (Row | undefined)[]> {
      const read = new TransactGetItemsCommand({
        TransactItems: keys.map((Key) => ({ Get: { TableName: table, Key } })),
      });
      const { Responses = [] } = await translated(() => client.send(read));
      return Responses.map(({ Item }) => Item);
    },

    async writeTogether(writes: readonly Write[]): Promise<void> {
      const write = new TransactWriteItemsCommand({
        TransactItems: writes.map((each) => inTable(each, table)),
        // Makes the SDK's retry idempotent when a response is lost.
        ClientRequestToken: randomUUID(),
      });
      await translated(() => client.send(write));
    },

    /** Idempotent. */
    async remove(key: Key): Promise<void> {
      const removal = new DeleteItemCommand({ TableName: table, Key: key });
      await translated(() => client.send(removal), CONFLICT);
    },
  };
}

/** One part of a transaction; it fails unless the row still has this `rev`, 0 if it must not exist, or is there at all. */
export type Write =
  | { readonly kind: 'put'; readonly row: Row; readonly rev?: number }
  | { readonly kind: 'check'; readonly key: Key; readonly rev: number }
  | { readonly kind: 'remove'; readonly key: Key; readonly mustExist?: boolean };

function inTable(write: Write, table: string): TransactWriteItem {
  switch (write.kind) {
    case 'put':
      return { Put: { TableName: table, Item: write.row, ...condition(write.rev) } };
    case 'check': {
      const { ConditionExpression = '', ...values } = condition(write.rev);
      return {
        ConditionCheck: { TableName: table, Key: write.key, ConditionExpression, ...values },
      };
    }
    default:
      return {
        Delete: {
          TableName: table,
          Key: write.key,
          ...(write.mustExist && { ConditionExpression: 'attribute_exists(pk)' }),
        },
      };
  }
}

function condition(rev: number | undefined) {
  if (rev === undefined) return {};
  if (rev === 0) return { ConditionExpression: 'attribute_not_exists(pk)' };
  return {
    ConditionExpression: 'rev = :rev',
    ExpressionAttributeValues: { ':rev': { N: String(rev) } },
  };
}
