import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { translated } from '#adapters/aws/failures.ts';
import prices from '#domain/data/prices-us-east-1.json' with { type: 'json' };
import { type AwsAccount, clientSettings } from '#operations/account/clients.ts';
import type { SlipwayStack } from '#operations/account/stack.ts';
import { fail, ok, warn } from './doctor.ts';

/** Whether the stage can sign its releases, and whether it accepts unsigned releases from another account. No finding where it does neither. */
export async function lookAtSigning(
  account: AwsAccount,
  {
    parameters,
    outputs,
  }: Pick<SlipwayStack, 'parameters'> & {
    readonly outputs: Pick<SlipwayStack['outputs'], 'SigningKey'>;
  },
) {
  const { SigningKey: KeyId } = outputs;
  if (KeyId) {
    const kms = new KMSClient(clientSettings(account));
    const describe = new DescribeKeyCommand({ KeyId });
    const { KeyMetadata } = await translated(() => kms.send(describe));
    if (KeyMetadata?.KeyState !== 'Enabled') {
      return fail(
        `the key that signs releases is ${KeyMetadata?.KeyState}: ${KeyId}`,
        'Enable it in KMS, or cancel its deletion and then enable it.',
      );
    }
  }
  const { PromoterPrincipal, TrustedSigners } = parameters;
  if (PromoterPrincipal && !TrustedSigners) {
    return warn(
      'another account may promote to this stage, and what it brings need not be signed',
      'Have it print its key with `slipway signing-key`, and deploy with `--param trustedSigners=KEY`.',
    );
  }
  const price = prices.kmsKeyMonth.usd.toFixed(2);
  return KeyId
    ? ok(`the stage signs what it releases, with a KMS key of ${price} USD a month`)
    : undefined;
}
