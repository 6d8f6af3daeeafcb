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

// A transaction is at the row.
const CONFLICT = { TransactionConflictException: 'PlatformThrottled' } as const;

export type DynamoTable = ReturnType<typeof dynamoTable>;

/** One table with a partition key `pk` and a sort key `sk`. Every read is strongly consistent. */
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

    /** Rows as they were at one moment. */
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
        // Sent again by the client when the answer is lost, it is done once.
        ClientRequestToken: randomUUID(),
      });
      await translated(() => client.send(write));
    },

    /** A row that is not there is success. */
    async remove(key: Key): Promise<void> {
      const removal = new DeleteItemCommand({ TableName: table, Key: key });
      await translated(() => client.send(removal), CONFLICT);
    },
  };
}

/** One part of a transaction; `rev` is what the row's must still be, 0 for a row that must not be there. */
export type Write =
  | { readonly kind: 'put'; readonly row: Row; readonly rev?: number }
  | { readonly kind: 'check'; readonly key: Key; readonly rev: number }
  | { readonly kind: 'remove'; readonly key: Key };

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
      return { Delete: { TableName: table, Key: write.key } };
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
