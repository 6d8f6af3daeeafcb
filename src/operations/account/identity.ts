import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { translated } from '#adapters/aws/failures.ts';

/** A role of another account, and the id by which that account knows who may assume it. */
export type AssumedRole = { readonly arn: string; readonly externalId: string | undefined };

type Settings = { readonly region?: string; readonly profile?: string };

/** Who makes the calls of a client, by their ARN, and the id of their account. */
export async function identityOf(sts: STSClient): Promise<{ arn: string; account: string }> {
  const ask = new GetCallerIdentityCommand({});
  const { Arn: arn = '', Account: account = '' } = await translated(() => sts.send(ask));
  return { arn, account };
}

/** The same of a client with these settings: the ARN alone. */
export async function callerOf(settings: Settings): Promise<string> {
  return (await identityOf(new STSClient(settings))).arn;
}

/** The credentials of a role for an hour; a client asks for them again shortly before they end. `own` are the settings of who assumes it. */
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
