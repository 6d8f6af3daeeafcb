import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import type { PrivateKey } from '#ports/capture-keys.ts';

/** `enc` is the sender's public key of this message alone; `sealed` is the ciphertext and its tag. */
export type Sealed = { readonly enc: Uint8Array; readonly sealed: Uint8Array };

const NOTHING = Buffer.alloc(0);
const KEM = Buffer.from('KEM\x00\x20', 'latin1');
const HPKE = Buffer.from('HPKE\x00\x20\x00\x01\x00\x02', 'latin1');
// Node takes four times as long for bytes as for a key of them.
const NO_SALT = createSecretKey(NOTHING);
const NO_SHARED_KEY = extracted('psk_id_hash', NOTHING);
const TAG_BYTES = 16;

/** Seals a message by HPKE (RFC 9180) in its base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. `about` is not secret, and belongs to the message: the `info` of HPKE. */
export function seal(recipient: Uint8Array, message: Uint8Array, about: Uint8Array): Sealed {
  const sender = generateKeyPairSync('x25519');
  const enc = bytesOf(sender.publicKey, 'x');
  const dh = diffieHellman({ privateKey: sender.privateKey, publicKey: publicKeyOf(recipient) });
  const { key, nonce } = keysOf(sharedSecret(dh, enc, recipient), about);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  return {
    enc,
    sealed: Buffer.concat([cipher.update(message), cipher.final(), cipher.getAuthTag()]),
  };
}

/** Opens what was sealed for this key. Throws for anything else. */
export function open(key: PrivateKey, { enc, sealed }: Sealed, about: Uint8Array): Buffer {
  const dh = diffieHellman({ privateKey: privateKeyOf(key), publicKey: publicKeyOf(enc) });
  const { key: cipherKey, nonce } = keysOf(sharedSecret(dh, enc, key.public), about);
  const end = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', createSecretKey(cipherKey), nonce, {
    authTagLength: TAG_BYTES,
  }).setAuthTag(sealed.subarray(end));
  return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()]);
}

export function newKey(): PrivateKey {
  const { privateKey } = generateKeyPairSync('x25519');
  return { own: bytesOf(privateKey, 'd'), public: bytesOf(privateKey, 'x') };
}

/** RFC 9180 §4.1: ExtractAndExpand. */
function sharedSecret(dh: Uint8Array, enc: Uint8Array, recipient: Uint8Array): Buffer {
  const context = Buffer.concat([enc, recipient]);
  return derived(KEM, NOTHING, ['eae_prk', dh])(['shared_secret', context], 32);
}

/** RFC 9180 §5.1, without a key that both share before. */
function keysOf(
  shared: Buffer,
  about: Uint8Array,
): { readonly key: Buffer; readonly nonce: Buffer } {
  const context = Buffer.concat([Buffer.of(0), NO_SHARED_KEY, extracted('info_hash', about)]);
  const derive = derived(HPKE, shared, ['secret', NOTHING]);
  return { key: derive(['key', context], 32), nonce: derive(['base_nonce', context], 12) };
}

type Labelled = readonly [label: string, value: Uint8Array];

/** `LabeledExtract` (RFC 9180 §4), and `LabeledExpand` of its result: HKDF with labels. */
function derived(suite: Buffer, salt: Buffer, extract: Labelled) {
  const secret = createSecretKey(labelled(suite, extract));
  return (expand: Labelled, length: number): Buffer => {
    const info = Buffer.concat([Buffer.of(0, length), labelled(suite, expand)]);
    return Buffer.from(hkdfSync('sha256', secret, salt, info, length));
  };
}

/** `LabeledExtract` without a salt. */
function extracted(label: string, value: Uint8Array): Buffer {
  return createHmac('sha256', NO_SALT)
    .update(labelled(HPKE, [label, value]))
    .digest();
}

function labelled(suite: Buffer, [label, value]: Labelled): Buffer {
  return Buffer.concat([Buffer.from('HPKE-v1'), suite, Buffer.from(label), value]);
}

/** Reading a key takes as long as to open a message with it. */
const read = new WeakMap<PrivateKey, KeyObject>();

function privateKeyOf(key: PrivateKey): KeyObject {
  const known = read.get(key);
  if (known) return known;
  const found = createPrivateKey({
    key: { kty: 'OKP', crv: 'X25519', d: base64url(key.own), x: base64url(key.public) },
    format: 'jwk',
  });
  read.set(key, found);
  return found;
}

function publicKeyOf(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: base64url(raw) }, format: 'jwk' });
}

function bytesOf(key: KeyObject, part: 'd' | 'x'): Buffer {
  return Buffer.from(String(key.export({ format: 'jwk' })[part]), 'base64url');
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
