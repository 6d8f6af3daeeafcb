import { CreateKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { mockClient } from 'aws-sdk-client-mock';
import { kmsPublicKey, kmsSignature } from '#adapters/aws/kms-signature.ts';
import { messageOf, trustedSigners } from '#operations/signing/release-signing.ts';
import { awsClient } from '../../support/aws/clients.ts';
import { describeOnMoto } from '../../support/aws/moto.ts';

describeOnMoto('a signature by a key of KMS', (moto) => {
  async function newKey() {
    const client = awsClient(KMSClient, moto());
    const create = new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
    const { KeyMetadata } = await client.send(create);
    return { client, keyId: KeyMetadata!.Arn! };
  }

  it('is one that a Slipway verifies by the public key alone, of a text of any length', async () => {
    const key = await newKey();
    const [signer] = trustedSigners(await kmsPublicKey(key));
    const text = 'x'.repeat(10_000);

    const signature = await kmsSignature(key, messageOf(text));

    expect(signer!.isSigned(text, signature)).toBe(true);
    expect(signer!.isSigned(`${text}y`, signature)).toBe(false);
  });

  it('is refused by a key that is gone', async () => {
    const key = { ...(await newKey()), keyId: 'arn:aws:kms:us-east-1:123456789012:key/1a2b' };

    await expect(kmsSignature(key, messageOf('text'))).rejects.toMatchObject({
      name: 'PlatformDenied',
    });
  });
});

// https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html#API_Sign_Errors, CommonErrors.html
it.each([
  ['ThrottlingException', 'PlatformThrottled'],
  ['AccessDeniedException', 'PlatformDenied'],
  ['DisabledException', 'PlatformDenied'],
  ['KMSInvalidStateException', 'PlatformDenied'],
  ['DependencyTimeoutException', 'PlatformUnavailable'],
  ['KeyUnavailableException', 'PlatformUnavailable'],
  ['KMSInternalException', 'PlatformUnavailable'],
])('%s of KMS is %s', async (error, name) => {
  const client = new KMSClient({ region: 'us-east-1', maxAttempts: 1 });
  const mock = mockClient(client);
  mock.on(SignCommand).rejects(Object.assign(new Error('no'), { name: error }));

  await expect(kmsSignature({ client, keyId: 'k' }, messageOf('text'))).rejects.toMatchObject({
    name,
  });
});
