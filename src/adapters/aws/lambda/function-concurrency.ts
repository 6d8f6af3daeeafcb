import { GetAccountSettingsCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { translated } from '#adapters/aws/failures.ts';

/**
 * How many executions the functions of an account without a reservation may have at once: 1,000 by default, 10 in many new accounts; null where Lambda does not say.
 * https://docs.aws.amazon.com/lambda/latest/api/API_AccountLimit.html
 */
export async function functionConcurrency(lambda: LambdaClient): Promise<number | null> {
  const { AccountLimit } = await translated(() => lambda.send(new GetAccountSettingsCommand()));
  const { ConcurrentExecutions, UnreservedConcurrentExecutions } = AccountLimit ?? {};
  return UnreservedConcurrentExecutions ?? ConcurrentExecutions ?? null;
}
