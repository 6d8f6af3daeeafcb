import { GetPublicKeyCommand, type KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { translated } from './failures.ts';

type Key = { readonly client: KMSClient; readonly keyId: string };

// https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html#API_Sign_Errors
const NAMES = {
  DependencyTimeoutException: 'PlatformUnavailable',
  DisabledException: 'PlatformDenied',
  KMSInternalException: 'PlatformUnavailable',
  // One that is to be deleted.
  KMSInvalidStateException: 'PlatformDenied',
  KeyUnavailableException: 'PlatformUnavailable',
  NotFoundException: 'PlatformDenied',
} as const;

/** The signature of a message of at most 4,096 bytes by a key of KMS on P-256: ECDSA with SHA-256, DER in base64. Fails as KMS refuses: a key that is disabled, deleted or another's is denied. */
export async function kmsSignature({ client, keyId }: Key, Message: Uint8Array): Promise<string> {
  const sign = new SignCommand({
    KeyId: keyId,
    Message,
    MessageType: 'RAW',
    SigningAlgorithm: 'ECDSA_SHA_256',
  });
  const { Signature = new Uint8Array() } = await translated(() => client.send(sign), NAMES);
  return Buffer.from(Signature).toString('base64');
}

/** The public key of a key of KMS: its SPKI in DER, in base64. */
export async function kmsPublicKey({ client, keyId }: Key): Promise<string> {
  const get = new GetPublicKeyCommand({ KeyId: keyId });
  const { PublicKey = new Uint8Array() } = await translated(() => client.send(get), NAMES);
  return Buffer.from(PublicKey).toString('base64');
}
