import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { join } from 'node:path';
import { Failure } from '#domain/failure.ts';
import { type Release, readRelease } from '#domain/promotion/release.ts';
import {
  type Releasing,
  type Signer,
  statementOf,
  type Trust,
} from '#domain/promotion/signed-release.ts';
import { ownKey } from '#operations/signing/own-key.ts';

/** A key that signs releases: `publicKey` is its SPKI in DER, in base64; `sign` returns base64. */
export type ReleaseKey = {
  readonly publicKey: () => Promise<string>;
  readonly sign: (message: Uint8Array) => Promise<string>;
};

// KMS has this curve in every region, and its public key, 91 bytes, fits a parameter of the stack; an RSA key of the same strength has 422.
const CURVE = 'prime256v1';

/** The release with a signed statement for its destination. */
export async function signedRelease(
  release: Release,
  key: Pick<ReleaseKey, 'sign'>,
  releasing: Releasing,
): Promise<Release> {
  // The release in the form that its receiver will read.
  const sent = readRelease(JSON.stringify(release));
  const statement = await statementOf(sent, releasing);
  return { ...sent, signed: { statement, signature: await key.sign(messageOf(statement)) } };
}

/** The signed bytes of a statement: its sha256, since a statement of many files is longer than KMS can sign. */
export function messageOf(statement: string): Uint8Array {
  return createHash('sha256').update(statement).digest();
}

/** The key of a data folder, which is created when it is first needed and stays in the folder. */
export async function folderKey(dataDir: string): Promise<ReleaseKey> {
  const make = () => generateKeyPairSync('ec', { namedCurve: CURVE }).privateKey;
  const privateKey = await ownKey(join(dataDir, 'signing-key.pem'), make);
  return {
    publicKey: async () => derOf(createPublicKey(privateKey)).toString('base64'),
    sign: async (message) => sign('sha256', message, privateKey).toString('base64'),
  };
}

/** The releases that the Slipway of a data folder accepts: those for the folder, which is named by its own key, signed by one of these keys. Fails with `InputInvalid` for an invalid key. */
export async function folderTrust(dataDir: string, keys: readonly string[]): Promise<Trust> {
  const signers = trustedSigners(keys.join(','));
  // Without trusted keys, the folder's name is not needed.
  return { here: signers.length > 0 ? await folderName(dataDir) : '', signers };
}

/** The name in the statement of a release to the Slipway of a data folder: the fingerprint of the folder's own key. */
export async function folderName(dataDir: string): Promise<string> {
  return fingerprintOf(await (await folderKey(dataDir)).publicKey());
}

/** The sha256 of a public key in base64, in hexadecimal. */
export function fingerprintOf(publicKey: string): string {
  return createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex');
}

/** The keys of a list, separated by commas; an empty list has none. Fails with `InputInvalid` for anything but a public key on P-256. */
export function trustedSigners(list: string): readonly Signer[] {
  return keysIn(list).map(signerOf);
}

/** Whether `trustedSigners` takes a list, and finds a key in it. */
export function namesSigners(list: string): boolean {
  const keys = keysIn(list);
  return keys.length > 0 && keys.every((key) => readKey(key) !== undefined);
}

function keysIn(list: string): readonly string[] {
  return list
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean);
}

function signerOf(publicKey: string): Signer {
  const key = readKey(publicKey);
  if (!key) {
    throw new Failure('InputInvalid', `${publicKey} is no public key that signs releases`, {
      fix: 'Give keys as `slipway signing-key` prints them, separated by commas.',
    });
  }
  return {
    fingerprint: fingerprintOf(publicKey),
    isSigned: (text, signature) =>
      verify('sha256', messageOf(text), key, Buffer.from(signature, 'base64')),
  };
}

function readKey(publicKey: string): KeyObject | undefined {
  try {
    const der = Buffer.from(publicKey, 'base64');
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    const isOurs = key.asymmetricKeyDetails?.namedCurve === CURVE;
    // Base64 is decoded leniently, but one key must have one name.
    return isOurs && derOf(key).toString('base64') === publicKey ? key : undefined;
  } catch {
    return undefined;
  }
}

function derOf(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}
