import { randomUUID } from 'node:crypto';
import {
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { asWritten, type Claim, otherwise } from '../claim.ts';

/** A row that no part of Slipway reads. */
const Key = { pk: { S: 'EVIDENCE' }, sk: { S: 'TOKEN' } };

export const TABLE_CLAIMS: readonly Claim[] = [
  {
    row: 'A transaction sent again with its token is done once',
    look: async ({ client, outputs }) => {
      const dynamo = client(DynamoDBClient);
      const TableName = outputs.Table;
      const add = new TransactWriteItemsCommand({
        ClientRequestToken: randomUUID(),
        TransactItems: [
          {
            Update: {
              TableName,
              Key,
              UpdateExpression: 'ADD done :one',
              ExpressionAttributeValues: { ':one': { N: '1' } },
            },
          },
        ],
      });
      try {
        await dynamo.send(add);
        await dynamo.send(add);
        const { Item } = await dynamo.send(
          new GetItemCommand({ TableName, Key, ConsistentRead: true }),
        );
        const times = Item?.['done']?.N;
        return times === '1' ? asWritten('done once') : otherwise(`done ${times} times`);
      } finally {
        await dynamo.send(new DeleteItemCommand({ TableName, Key }));
      }
    },
  },
];
