import { randomUUID } from 'node:crypto';
import {
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { SFNClient, StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { awsClient } from '../../../support/aws/clients.ts';
import { dynamoWorld } from '../../../support/aws/dynamo.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { dynamodbRules } from '../../../support/aws/rules/dynamodb.ts';
import { eventbridgeRules } from '../../../support/aws/rules/eventbridge.ts';
import { type AwsRule, awsRules } from '../../../support/aws/rules/rules.ts';
import { s3Rules } from '../../../support/aws/rules/s3.ts';
import { statesRules } from '../../../support/aws/rules/states.ts';
import { stateMachine } from '../../../support/aws/state-machine.ts';

const REFUSED = { name: 'ValidationException' };

describeOnMoto('AWS’s rules in front of moto', (moto) => {
  describe('a guarded client', () => {
    const throttling: AwsRule = {
      name: 'dynamodb: too fast',
      service: 'DynamoDB',
      commands: ['GetItem'],
      source: 'this test',
      before: () => ({ name: 'ThrottlingException', message: 'Rate exceeded', status: 400 }),
    };
    const read = (TableName: string) => new GetItemCommand({ TableName, Key: { pk: { S: 'a' } } });

    it('tries again what a rule throttles, as often as AWS would see it', async () => {
      const rules = awsRules([throttling]);
      const client = awsClient(DynamoDBClient, moto(), rules);

      await expect(client.send(read('any'))).rejects.toMatchObject({ name: 'ThrottlingException' });

      expect(rules.fired()).toEqual(Array(3).fill('dynamodb: too fast'));
    });

    it('is left alone by the rules of another command and another service', async () => {
      const { table, client } = dynamoWorld(moto());
      const rules = awsRules([
        { ...throttling, commands: ['Query'] },
        { ...throttling, service: 'S3' },
      ]);
      const Item = { pk: { S: 'a' }, sk: { S: 'b' } };

      await client(rules).send(new PutItemCommand({ TableName: table, Item }));

      const { pk, sk } = Item;
      const get = new GetItemCommand({ TableName: table, Key: { pk, sk } });
      expect((await client(rules).send(get)).Item).toEqual(Item);
      expect(rules.fired()).toEqual([]);
    });

    it('asks aside for a rule without the rules, and gets what a rule makes of the answer', async () => {
      const { table, client } = dynamoWorld(moto());
      const Item = { pk: { S: 'a' }, sk: { S: 'b' } };
      await client().send(new PutItemCommand({ TableName: table, Item }));
      const rules = awsRules([
        {
          ...throttling,
          name: 'dynamodb: twice',
          before: () => undefined,
          async after({ input, send }, output) {
            const again = await send(GetItemCommand, input as never);
            return { ...output, Item: { ...again.Item, twice: { BOOL: true } } };
          },
        },
      ]);

      const get = new GetItemCommand({ TableName: table, Key: Item });

      expect((await client(rules).send(get)).Item).toEqual({ ...Item, twice: { BOOL: true } });
      expect(rules.fired()).toEqual(['dynamodb: twice']);
    });
  });

  describe('DynamoDB', () => {
    const put = (table: string, sk: string, text = '') => ({
      Put: {
        TableName: table,
        Item: { pk: { S: 'p' }, sk: { S: sk }, text: { S: text } },
        ConditionExpression: 'attribute_not_exists(pk)',
      },
    });

    it('does a transaction once that is sent again with its token, for ten minutes', async () => {
      let nowMs = 0;
      const rules = awsRules(dynamodbRules(() => nowMs));
      const { table, client } = dynamoWorld(moto());
      const guarded = client(rules);
      const write = (sk: string) =>
        guarded.send(
          new TransactWriteItemsCommand({
            ClientRequestToken: 't',
            TransactItems: [put(table, sk)],
          }),
        );

      await write('1');
      await write('1');
      await expect(write('2')).rejects.toMatchObject({
        name: 'IdempotentParameterMismatchException',
      });
      nowMs = 600_001;
      await expect(write('1')).rejects.toMatchObject({ name: 'TransactionCanceledException' });

      expect(rules.fired()).toHaveLength(2);
    });

    it('refuses a transaction of over 100 actions, of one item twice, and of an item over 400 KB, as moto does itself', async () => {
      const { table, client } = dynamoWorld(moto());
      const write = (...TransactItems: ReturnType<typeof put>[]) =>
        client().send(new TransactWriteItemsCommand({ TransactItems }));
      const many = Array.from({ length: 101 }, (_, index) => put(table, String(index)));

      await expect(write(...many)).rejects.toMatchObject(REFUSED);
      await expect(write(put(table, '1'), put(table, '1'))).rejects.toMatchObject(REFUSED);
      await expect(write(put(table, '1', 'x'.repeat(409_600)))).rejects.toMatchObject(REFUSED);
    });
  });

  describe('Step Functions', () => {
    it('refuses an input over 256 KiB', async () => {
      const rules = awsRules(statesRules);
      const { stateMachineArn } = await stateMachine(moto());
      const client = awsClient(SFNClient, moto(), rules);
      const start = (bytes: number) =>
        client.send(
          new StartExecutionCommand({
            stateMachineArn,
            name: randomUUID(),
            input: JSON.stringify('x'.repeat(bytes - 2)),
          }),
        );

      await start(262_144);
      await expect(start(262_145)).rejects.toMatchObject(REFUSED);

      expect(rules.fired()).toHaveLength(1);
    });

    it('takes a name again only while it runs with the same input, and no name of other characters or over 80, as moto does itself', async () => {
      const { stateMachineArn } = await stateMachine(moto());
      const client = awsClient(SFNClient, moto());
      const start = (name: string, input: string) =>
        client.send(new StartExecutionCommand({ stateMachineArn, name, input }));

      const { executionArn } = await start('one', '{}');
      expect((await start('one', '{}')).executionArn).toBe(executionArn);
      await expect(start('one', '{"a":1}')).rejects.toMatchObject({
        name: 'ExecutionAlreadyExists',
      });
      await client.send(new StopExecutionCommand({ executionArn }));
      await expect(start('one', '{}')).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
      await expect(start('a:b', '{}')).rejects.toMatchObject({ name: 'InvalidName' });
      await expect(start('x'.repeat(81), '{}')).rejects.toThrow();
    });
  });

  describe('EventBridge', () => {
    it('refuses entries of over 1 MB together, and a long detail type', async () => {
      const rules = awsRules(eventbridgeRules);
      const client = awsClient(EventBridgeClient, moto(), rules);
      const put = (DetailType: string, ...bytes: number[]) =>
        client.send(
          new PutEventsCommand({
            Entries: bytes.map((size) => ({
              Source: 'slipway',
              DetailType,
              Detail: JSON.stringify({ text: 'x'.repeat(size) }),
            })),
          }),
        );

      await put('Some', 400_000, 400_000);
      await expect(put('Some', 400_000, 400_000, 400_000)).rejects.toMatchObject(REFUSED);
      await expect(put('x'.repeat(129), 1)).rejects.toMatchObject(REFUSED);
      expect(new Set(rules.fired())).toEqual(new Set(eventbridgeRules.map(({ name }) => name)));
    });

    it('refuses over ten entries, as moto does itself', async () => {
      const Entries = Array(11).fill({ Source: 'slipway', DetailType: 'Some', Detail: '{}' });

      const put = awsClient(EventBridgeClient, moto()).send(new PutEventsCommand({ Entries }));

      await expect(put).rejects.toMatchObject(REFUSED);
    });
  });

  describe('S3', () => {
    const Bucket = 'rules-of-s3';

    it('calls a version id that it never gave a bad request, and lists keys encoded on request', async () => {
      const rules = awsRules(s3Rules);
      const client = awsClient(S3Client, moto(), rules);
      await client.send(new CreateBucketCommand({ Bucket }));
      const VersioningConfiguration = { Status: 'Enabled' } as const;
      await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
      const { VersionId } = await client.send(
        new PutObjectCommand({ Bucket, Key: 'a b\u0001é', Body: 'x' }),
      );
      const named = { Bucket, Key: 'a b\u0001é' };

      await client.send(new HeadObjectCommand({ ...named, VersionId }));
      await expect(
        client.send(new HeadObjectCommand({ ...named, VersionId: 'never' })),
      ).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } });
      await expect(
        client.send(new GetObjectCommand({ ...named, VersionId: 'never' })),
      ).rejects.toMatchObject({ name: 'InvalidArgument' });
      const list = new ListObjectVersionsCommand({ Bucket, EncodingType: 'url' });

      expect((await client.send(list)).Versions?.[0]?.Key).toBe('a+b%01%C3%A9');
      expect(new Set(rules.fired())).toEqual(new Set(s3Rules.map(({ name }) => name)));
    });
  });
});
