import { Readable } from 'node:stream';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { type AwsCall, type AwsRule, awsRules, isAside } from '../aws/rules/rules.ts';

const READ: AwsRule = {
  name: 'reading',
  service: 'DynamoDB',
  commands: ['GetItem', 'BatchGetItem'],
  source: 'this test',
};
const FAST = { name: 'ThrottlingException', message: 'Rate exceeded', status: 400 };
const item = (text: string) => ({ Item: { pk: { S: text } } });
const get = (text: string) => new GetItemCommand({ TableName: 't', Key: { pk: { S: text } } });

/** A table that echoes its requests, behind these rules. */
function table(rules: readonly AwsRule[], maxAttempts = 1) {
  const asked: string[] = [];
  const client = new DynamoDBClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' },
    maxAttempts,
    requestHandler: {
      async handle({ body }: { body: Uint8Array }) {
        const { Key } = JSON.parse(new TextDecoder().decode(body));
        asked.push(Key.pk.S);
        const told = JSON.stringify(item(Key.pk.S));
        return { response: { statusCode: 200, headers: {}, body: Readable.from(told) } };
      },
    } as never,
  });
  const guarding = awsRules(rules);
  expect(guarding.guard(client)).toBe(client);
  return { client, asked, fired: guarding.fired };
}

describe('a rule', () => {
  it('refuses what it is about, as AWS words it', async () => {
    const { client, asked, fired } = table([{ ...READ, before: () => FAST }]);

    const refusal = await client.send(get('a')).catch((error) => error);

    expect(refusal).toBeInstanceOf(Error);
    expect(refusal).toMatchObject({
      name: 'ThrottlingException',
      message: 'Rate exceeded',
      $fault: 'client',
      $metadata: { httpStatusCode: 400, requestId: 'aws-rules', attempts: 1 },
    });
    expect(asked).toEqual([]);
    expect(fired()).toEqual(['reading']);
  });

  it.each([
    [499, 'client'],
    [500, 'server'],
  ])('refuses by %i as a fault of the %s, with what it adds', async (status, fault) => {
    const fields = { Reason: 'because' };
    const { client } = table([{ ...READ, before: () => ({ ...FAST, status, fields }) }]);

    await expect(client.send(get('a'))).rejects.toMatchObject({ $fault: fault, ...fields });
  });

  it('stands behind the retries of the client', async () => {
    const { client, fired } = table([{ ...READ, before: () => FAST }], 2);

    await expect(client.send(get('a'))).rejects.toThrow('Rate exceeded');

    expect(fired()).toEqual(['reading', 'reading']);
  });

  it('answers in place of AWS', async () => {
    const { client, asked, fired } = table([{ ...READ, before: () => ({ output: item('own') }) }]);

    expect(await client.send(get('a'))).toMatchObject({
      ...item('own'),
      $metadata: { httpStatusCode: 200 },
    });
    expect([asked, fired()]).toEqual([[], ['reading']]);
  });

  it('has nothing to say where it says nothing, or where it is about something else', async () => {
    const elsewhere = { before: () => FAST };
    const { client, fired } = table([
      { ...READ, before: () => undefined, after: () => undefined },
      { ...READ, after: (_, output) => output },
      { ...READ, ...elsewhere, commands: ['Query'] },
      { ...READ, ...elsewhere, service: 'S3' },
    ]);

    expect(await client.send(get('a'))).toMatchObject(item('a'));
    expect(fired()).toEqual([]);
  });

  it('changes what was answered, and what the rule before it made of that', async () => {
    const seen: object[] = [];
    const adding = (name: string, text: string): AwsRule => ({
      ...READ,
      name,
      after(_, output) {
        seen.push(output);
        return { ...output, ...item(text) };
      },
    });
    const { client, asked, fired } = table([adding('one', 'b'), adding('two', 'c')]);

    expect(await client.send(get('a'))).toMatchObject(item('c'));
    expect(seen).toMatchObject([item('a'), item('b')]);
    expect([asked, fired()]).toEqual([['a'], ['one', 'two']]);
  });

  it('comes before those after it', async () => {
    const { client, fired } = table([
      { ...READ, name: 'one', before: () => FAST },
      { ...READ, name: 'two', before: () => FAST },
    ]);

    await expect(client.send(get('a'))).rejects.toThrow();
    expect(fired()).toEqual(['one']);
  });

  it('sees the command and its input, and asks aside what no rule sees', async () => {
    const calls: AwsCall[] = [];
    const { client, asked, fired } = table([
      {
        ...READ,
        async before(call) {
          calls.push(call);
          const aside = await call.send(GetItemCommand, get('aside').input);
          return { output: { ...item('own'), aside: aside.Item } };
        },
      },
    ]);

    expect(await client.send(get('a'))).toMatchObject({ aside: item('aside').Item });
    expect(calls).toEqual([expect.objectContaining({ command: 'GetItem', input: get('a').input })]);
    expect(asked).toEqual(['aside']);
    expect(fired()).toEqual(['reading']);
  });

  it('knows what it asks aside from what a caller asks', async () => {
    const asides: boolean[] = [];
    const { client } = table([
      {
        ...READ,
        before: ({ send }) => send(GetItemCommand, get('aside').input).then(() => undefined),
      },
    ]);
    client.middlewareStack.add(
      (next) => (args) => {
        asides.push(isAside(args.input));
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );

    await client.send(get('a'));

    expect(asides).toEqual([true, false]);
  });
});
