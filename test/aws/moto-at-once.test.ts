import { PutItemCommand, ScanCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { dynamoWorld } from '../support/aws/dynamo.ts';
import { describeOnMoto } from '../support/aws/moto.ts';

const WRITERS = 4;
const ITEMS = 100;

describeOnMoto('moto, asked for many things at once', (moto) => {
  it('loses nothing that is written while transactions are refused, and hangs up on none', async () => {
    const { table: TableName, client } = dynamoWorld(moto());
    // A second try would hide the first.
    const dynamo = client(undefined, { maxAttempts: 1 });
    const item = (id: string) => ({ pk: { S: id }, sk: { S: id } });
    const refused = new TransactWriteItemsCommand({
      TransactItems: [
        { Put: { TableName, Item: item('never') } },
        {
          ConditionCheck: {
            TableName,
            Key: item('none'),
            ConditionExpression: 'attribute_exists(pk)',
          },
        },
      ],
    });
    let isWriting = true;
    const refusals = async () => {
      const names = new Set<string>();
      while (isWriting) names.add(await dynamo.send(refused).then(String, ({ name }) => name));
      return [...names];
    };
    const writes = async (_: unknown, writer: number) => {
      for (let each = 0; each < ITEMS; each += 1) {
        await dynamo.send(new PutItemCommand({ TableName, Item: item(`${writer}-${each}`) }));
      }
    };

    const refusing = refusals();
    await Promise.all(Array.from({ length: WRITERS }, writes));
    isWriting = false;

    expect(await refusing).toEqual(['TransactionCanceledException']);
    const { Count } = await dynamo.send(new ScanCommand({ TableName }));
    expect(Count).toBe(WRITERS * ITEMS);
  });
});
