import {
  DeleteFunctionConcurrencyCommand,
  type LambdaClient,
  PutFunctionConcurrencyCommand,
} from '@aws-sdk/client-lambda';
import { absentIfNotFound } from '#adapters/aws/absent.ts';
import { translated } from '#adapters/aws/failures.ts';

// An account has to leave 100 executions to all functions, a new one all that it has. The error's name says only that a value is invalid.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html, https://github.com/milliHQ/terraform-aws-next-js/issues/251
const NONE_LEFT = /UnreservedConcurrentExecution below its minimum/;

/**
 * Sets how many executions a model's function may have at once, whichever version executes; null for as many as the account has.
 * Where the account has none left to reserve, the function keeps what it had. 0 reserves nothing, so it always works.
 * May fail with `PlatformDenied`, `PlatformThrottled` or `PlatformUnavailable`.
 */
export async function setFunctionCeiling(
  lambda: LambdaClient,
  FunctionName: string,
  most: number | null,
): Promise<void> {
  const send = async () =>
    most === null
      ? await lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }))
      : await lambda.send(
          new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: most }),
        );
  await translated(() => send().catch(absentIfNotFound).catch(undefinedIfNoneLeft));
}

function undefinedIfNoneLeft(error: unknown): undefined {
  if (error instanceof Error && NONE_LEFT.test(error.message)) return undefined;
  throw error;
}
