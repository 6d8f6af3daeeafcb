import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { translated } from '#adapters/aws/failures.ts';

/** A role of another account, and the external id that the account requires of those who assume it. */
export type AssumedRole = { readonly arn: string; readonly externalId: string | undefined };

type Settings = { readonly region?: string; readonly profile?: string };

/** The identity of a client's caller: the ARN, and the id of the account. */
export async function identityOf(sts: STSClient): Promise<{ arn: string; account: string }> {
  const ask = new GetCallerIdentityCommand({});
  const { Arn: arn = '', Account: account = '' } = await translated(() => sts.send(ask));
  return { arn, account };
}

/** The same for a client with these settings: only the ARN. */
export async function callerOf(settings: Settings): Promise<string> {
  return (await identityOf(new STSClient(settings))).arn;
}

/** The credentials of a role for an hour; a client requests new ones shortly before they expire. `own` are the settings of the assuming caller. */
export async function assumed(own: Settings, { arn, externalId }: AssumedRole) {
  const assume = new AssumeRoleCommand({
    RoleArn: arn,
    RoleSessionName: 'slipway',
    ...(externalId !== undefined && { ExternalId: externalId }),
  });
  const { Credentials } = await translated(() => new STSClient(own).send(assume));
  return {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
    ...(Credentials?.Expiration && { expiration: Credentials.Expiration }),
  };
}
