import {
  type AttributeValue,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';

type Row = Readonly<Record<string, AttributeValue>>;

const SPAN = 10 ** 13;

/** Turns a table with one model into one of an earlier release: one counter numbered all events, and one partition held all keys. */
export async function asBefore(client: DynamoDBClient, TableName: string): Promise<void> {
  for (const row of await rowsOf(client, TableName)) {
    const { pk, sk } = row;
    await client.send(
      new DeleteItemCommand({ TableName, Key: { pk: pk ?? { S: '' }, sk: sk ?? { S: '' } } }),
    );
    await client.send(new PutItemCommand({ TableName, Item: before(row) }));
  }
}

export async function rowsOf(client: DynamoDBClient, TableName: string): Promise<readonly Row[]> {
  return (await client.send(new ScanCommand({ TableName }))).Items ?? [];
}

function before(row: Row): Record<string, AttributeValue> {
  const pk = row['pk']?.S ?? '';
  const sk = row['sk']?.S ?? '';
  const number = (text = '') => String(Number(text) % SPAN);
  if (pk === 'COUNTER') {
    return { ...row, sk: { S: 'EVENTS' }, rev: { N: number(row['rev']?.N) } };
  }
  if (pk.startsWith('KEYS#')) return { ...row, pk: { S: 'KEYS' } };
  const isNumbered = /^\d{16}$/.test(sk) && !pk.startsWith('VERSIONS#');
  return {
    ...row,
    ...(isNumbered && { sk: { S: number(sk).padStart(16, '0') } }),
    ...(row['admitted']?.N && { admitted: { N: number(row['admitted'].N) } }),
  };
}
