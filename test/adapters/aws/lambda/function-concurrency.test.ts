import { LambdaClient } from '@aws-sdk/client-lambda';
import { functionConcurrency } from '#adapters/aws/lambda/function-concurrency.ts';
import { awsClient } from '../../../support/aws/clients.ts';
import { type AwsFault, awsFault } from '../../../support/aws/faults.ts';
import { accountSettings } from '../../../support/aws/rules/lambda-settings.ts';
import { awsRules } from '../../../support/aws/rules/rules.ts';

// Every call is answered by the rules.
const NOWHERE = { endpoint: 'http://127.0.0.1:9' };

function lambdaOf(limit: object | undefined, fault?: AwsFault): LambdaClient {
  const client = awsClient(LambdaClient, NOWHERE, undefined, { maxAttempts: 1 });
  if (fault) awsFault(client, 'GetAccountSettings', fault);
  return awsRules(accountSettings(limit)).guard(client);
}

describe('the concurrent executions of an account', () => {
  it.each([
    [{ ConcurrentExecutions: 1000, UnreservedConcurrentExecutions: 900 }, 900],
    [{ ConcurrentExecutions: 10 }, 10],
    [undefined, null],
  ])('for %j are %j', async (limit, most) => {
    expect(await functionConcurrency(lambdaOf(limit))).toBe(most);
  });

  it('are not known where nobody may ask, or Lambda knows no such call', async () => {
    expect(await functionConcurrency(lambdaOf({ ConcurrentExecutions: 10 }, 'denied'))).toBeNull();
    expect(await functionConcurrency(lambdaOf({ ConcurrentExecutions: 10 }, 'gone'))).toBeNull();
  });

  it.each([
    ['throttled', 'PlatformThrottled'],
    ['broken', 'PlatformUnavailable'],
    ['reply lost', 'PlatformUnavailable'],
  ] as const)('are asked for again when the call is %s', async (fault, name) => {
    await expect(
      functionConcurrency(lambdaOf({ ConcurrentExecutions: 10 }, fault)),
    ).rejects.toMatchObject({ name });
  });
});
