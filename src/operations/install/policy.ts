import { STSClient } from '@aws-sdk/client-sts';
import policy from '#domain/data/install-policy.json' with { type: 'json' };
import { type AwsAccount, clientSettings } from '#operations/account/clients.ts';
import { identityOf } from '#operations/account/identity.ts';

/** An IAM policy. */
export type Policy = typeof policy;

/**
 * The policy for deploying, updating and removing the account's Slipway, as JSON. The account's id is `ACCOUNT` where nobody is signed in.
 * Source: `npm run policy` generates it from the packaged template.
 */
export async function policyText(account: AwsAccount): Promise<string> {
  const client = new STSClient(clientSettings(account));
  const caller = await identityOf(client).catch(() => undefined);
  const region = await client.config.region().catch(() => '');
  return JSON.stringify(
    filledIn({ stage: account.stage, id: caller?.account || 'ACCOUNT', region }),
    null,
    2,
  );
}

/** The policy for a stage of an account. A region of China or GovCloud is in another partition, which ARNs name. */
export function filledIn(place: {
  readonly stage: string;
  readonly id: string;
  readonly region: string;
}): Policy {
  const text = JSON.stringify(policy)
    .replaceAll('arn:aws:', `arn:${partitionOf(place.region)}:`)
    .replaceAll('ACCOUNT', place.id)
    .replaceAll('STAGE', place.stage);
  return JSON.parse(text);
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}
