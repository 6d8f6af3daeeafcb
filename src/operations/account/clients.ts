import { Failure } from '#domain/failure.ts';
import type { AssumedRole } from './identity.ts';

/** Identifies a Slipway in AWS. Profile and region default to those of the AWS tools. If a role is given, every call is made as that role. */
export type AwsAccount = {
  readonly stage: string;
  readonly profile: string | undefined;
  readonly region: string | undefined;
  readonly role?: AssumedRole | undefined;
};

/** The fix for a `PlatformDenied` that has none. */
export const DENIED_FIX =
  'Sign in again if the credentials are old; else ask for this permission: docs/deploy.md lists what each command needs.';

/** The settings of every client of the account. */
export function clientSettings({ profile, region, role }: AwsAccount) {
  const own = { ...(profile && { profile }), ...(region && { region }) };
  if (!role) return own;
  // Loaded lazily: few commands assume a role.
  const credentials = async () => (await import('./identity.ts')).assumed(own, role);
  return { ...own, credentials };
}

/** Makes the first call to AWS; when credentials or a region are missing, it fails with the remedy. */
export async function withCredentials<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (cause) {
    throw explained(cause);
  }
}

// The SDK's own errors before it sends a request: they have names and messages, but no common class.
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
