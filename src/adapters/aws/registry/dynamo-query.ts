import {
  type AttributeValue,
  type DynamoDBClient,
  QueryCommand,
  type QueryCommandInput,
} from '@aws-sdk/client-dynamodb';
import { translated } from '#adapters/aws/failures.ts';

export type Row = Readonly<Record<string, AttributeValue>>;

/** The rows of one partition in sort key order, only those between two sort keys, which are included; at most `limit`. */
export type Partition = {
  readonly pk: string;
  readonly between?: readonly [first: string, last: string];
  readonly isNewestFirst?: boolean;
  readonly limit?: number;
};

/** Yields rows, fetching a page of at most 1 MB at a time; a consumer that stops early fetches no further page. */
export async function* queryRows(
  client: DynamoDBClient,
  table: string,
  partition: Partition,
): AsyncGenerator<Row, void> {
  let start: Record<string, AttributeValue> | undefined;
  let left = partition.limit;
  do {
    const page = new QueryCommand({
      TableName: table,
      ...query(partition),
      ExclusiveStartKey: start,
      Limit: left,
    });
    const { Items = [], LastEvaluatedKey } = await translated(() => client.send(page));
    yield* Items;
    left = left === undefined ? left : left - Items.length;
    start = LastEvaluatedKey;
  } while (start && left !== 0);
}

function query({ pk, between, isNewestFirst = false }: Partition): Partial<QueryCommandInput> {
  const [first = '', last = ''] = between ?? [];
  return {
    ConsistentRead: true,
    ScanIndexForward: !isNewestFirst,
    KeyConditionExpression: between ? 'pk = :pk AND sk BETWEEN :first AND :last' : 'pk = :pk',
    ExpressionAttributeValues: {
      ':pk': { S: pk },
      ...(between && { ':first': { S: first }, ':last': { S: last } }),
    },
  };
}
