import { dynamodbRules } from '../aws/rules/dynamodb.ts';
import { fakeClock } from '../clock/fake-clock.ts';
import { ruled } from './ruled.ts';

const TEN_MINUTES_MS = 600_000;

function table() {
  const clock = fakeClock(0);
  const rules = dynamodbRules(clock.now);
  const write = (ClientRequestToken: string | undefined, item: string) =>
    ruled(rules, 'DynamoDB.TransactWriteItems', { ClientRequestToken, TransactItems: [item] });
  return { clock, write };
}

describe('a transaction', () => {
  it('that is sent again with its token is answered and not done', async () => {
    const { write } = table();

    expect(await write('t', 'a')).toBeUndefined();
    expect(await write('t', 'a')).toEqual({});
    expect(await write('u', 'a')).toBeUndefined();
  });

  it('is refused with the token of another', async () => {
    const { write } = table();
    await write('t', 'a');

    expect(await write('t', 'b')).toBe('IdempotentParameterMismatchException');
  });

  it('has a token for ten minutes', async () => {
    const { clock, write } = table();
    await write('t', 'a');

    clock.advance(TEN_MINUTES_MS);
    expect(await write('t', 'a')).toEqual({});
    clock.advance(1);
    expect(await write('t', 'b')).toBeUndefined();
  });

  it('without a token is done as often as it is sent', async () => {
    const { write } = table();
    await write(undefined, 'a');

    expect(await write(undefined, 'a')).toBeUndefined();
  });
});
