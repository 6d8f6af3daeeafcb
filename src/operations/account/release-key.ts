import { KMSClient } from '@aws-sdk/client-kms';
import { kmsPublicKey, kmsSignature } from '#adapters/aws/kms-signature.ts';
import { Failure, failureName } from '#domain/failure.ts';
import type { ReleaseKey } from '#operations/signing/release-signing.ts';
import { type AwsAccount, clientSettings } from './clients.ts';
import { findStack, type SlipwayStack } from './stack.ts';

/** The key with which a stage signs its releases, used through the only role that may; undefined for a stage that does not sign. */
export function releaseKey(
  account: AwsAccount,
  { SigningKey: keyId, Signer: arn }: SlipwayStack['outputs'],
): ReleaseKey | undefined {
  if (!keyId || !arn) return undefined;
  const role = { arn, externalId: undefined };
  const signer = new KMSClient(clientSettings({ ...account, role }));
  return {
    publicKey: () => kmsPublicKey({ client: new KMSClient(clientSettings(account)), keyId }),
    async sign(message) {
      try {
        return await kmsSignature({ client: signer, keyId }, message);
      } catch (cause) {
        if (failureName(cause) !== 'PlatformDenied') throw cause;
        throw new Failure(
          'PlatformDenied',
          `the stage ${account.stage} did not sign the release: ${(cause as Error).message}`,
          {
            cause,
            fix: `Ask to be allowed sts:AssumeRole on ${arn}, which alone signs with ${keyId}.`,
          },
        );
      }
    },
  };
}

/** The public key of the stage's releases. Fails with `InputInvalid` for a stage that does not sign. */
export async function stagePublicKey(account: AwsAccount): Promise<string> {
  const { outputs } = await findStack(account);
  const key = releaseKey(account, outputs);
  if (key) return key.publicKey();
  throw new Failure('InputInvalid', `the stage ${account.stage} signs no releases`, {
    fix: `Give it a key, 1 USD a month: \`slipway deploy --stage ${account.stage} --param signReleases=on\`.`,
  });
}
