import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { translated } from '#adapters/aws/failures.ts';

/** A role of another account, and the id by which that account knows who may assume it. */
export type AssumedRole = { readonly arn: string; readonly externalId: string | undefined };

type Settings = { readonly region?: string; readonly profile?: string };

/** Who makes the calls of a client with these settings, by their ARN. */
export async function callerOf(settings: Settings): Promise<string> {
  const sts = new STSClient(settings);
  const { Arn = '' } = await translated(() => sts.send(new GetCallerIdentityCommand({})));
  return Arn;
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
