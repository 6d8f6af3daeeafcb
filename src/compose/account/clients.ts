import { Failure } from '#domain/failure.ts';

/** Which Slipway in AWS is meant. Profile and region are the AWS tools' own where they are not given. */
export type AwsAccount = {
  readonly stage: string;
  readonly profile: string | undefined;
  readonly region: string | undefined;
};

/** What to do about a `PlatformDenied` that does not say it itself. */
export const DENIED_FIX =
  'Sign in again if the credentials are old; else ask for this permission: docs/deploy.md lists what each command needs.';

/** How each client of the account is made. */
export function clientSettings({ profile, region }: AwsAccount) {
  return { ...(profile && { profile }), ...(region && { region }) };
}

/** Asks AWS for the first time: says what to do where credentials or a region are missing. */
export async function withCredentials<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (cause) {
    throw explained(cause);
  }
}

// Errors of the SDK's own, before it has asked anything: they have names and texts, but no classes in common.
function explained(error: unknown): unknown {
  const cause = error instanceof Failure ? error.cause : error;
  if (!(cause instanceof Error)) return error;
  if (/^(?:Credentials|Token)ProviderError$/.test(cause.name)) {
    return new Failure('PlatformDenied', `no AWS credentials: ${cause.message}`, {
      cause,
      fix: 'Sign in (`aws sso login`, `aws configure`), or name a profile with --profile.',
    });
  }
  if (cause.message === 'Region is missing') {
    return new Failure('InputInvalid', 'no AWS region is given', {
      cause,
      fix: 'Name it with --region, in AWS_REGION, or in the profile.',
    });
  }
  return error;
}
