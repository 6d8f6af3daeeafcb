import { Failure } from '#domain/failure.ts';
import type { AccountLimits } from '#ports/account-limits.ts';
import type { RevisionSpec } from '#ports/platform.ts';

/**
 * How Lambda refuses a function of more memory than the account may give it: many new accounts have 512 MB, others 3,008. No API tells the limit.
 * https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html; the second form is the API's own check (localstack/localstack#5841).
 */
export const TOO_MUCH_MEMORY =
  /'?memorySize'? (?:value )?failed to satisfy constraint: Member must have value less than or equal to (\d+)/i;

/**
 * For `catch` of what creates a revision: keeps the limit that a refusal names, and fails as that did.
 * A limit that the revision is within is not one, and fails with `RevisionFailed`: to choose again would end in the same refusal.
 */
export function learning(
  limits: Pick<AccountLimits, 'learnFunctionMemory'>,
  { revision, memoryMiB }: RevisionSpec,
): (error: unknown) => Promise<never> {
  return async (error) => {
    if (!(error instanceof Failure) || error.name !== 'TargetRefused') throw error;
    const mostMiB = Number(TOO_MUCH_MEMORY.exec(error.message)?.[1]);
    if (mostMiB >= memoryMiB) {
      throw new Failure('RevisionFailed', `${revision}: ${error.message}`, { cause: error });
    }
    await limits.learnFunctionMemory(mostMiB);
    throw error;
  };
}
