import {
  GetAccountSettingsCommand,
  type GetAccountSettingsResponse,
  type LambdaClient,
} from '@aws-sdk/client-lambda';
import { translated } from '#adapters/aws/failures.ts';
import { Failure } from '#domain/failure.ts';

/**
 * How many executions the functions of an account without a reservation may have at once: 1,000 by default, 10 in many new accounts; null where Lambda does not say. May fail with `PlatformThrottled` or `PlatformUnavailable`.
 * https://docs.aws.amazon.com/lambda/latest/api/API_AccountLimit.html
 */
export async function functionConcurrency(lambda: LambdaClient): Promise<number | null> {
  const { AccountLimit } = await ask(lambda);
  const { ConcurrentExecutions, UnreservedConcurrentExecutions } = AccountLimit ?? {};
  return UnreservedConcurrentExecutions ?? ConcurrentExecutions ?? null;
}

/** A placement can do without the limit, so no refusal ends a deployment; a call that is throttled or gets no answer is worth another. */
async function ask(lambda: LambdaClient): Promise<GetAccountSettingsResponse> {
  try {
    return await translated(() => lambda.send(new GetAccountSettingsCommand()));
  } catch (error) {
    if (error instanceof Failure && error.name !== 'PlatformDenied') throw error;
    return {};
  }
}
