import {
  createCipheriv,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';

/** A message that only the holder of the private key can read: `enc` is the sender's public key of this message alone, `sealed` the ciphertext and its tag. */
export type Sealed = { readonly enc: Buffer; readonly sealed: Buffer };

const NOTHING = Buffer.alloc(0);
const KEM = Buffer.from('KEM\x00\x20', 'latin1');
const HPKE = Buffer.from('HPKE\x00\x20\x00\x01\x00\x02', 'latin1');

/**
 * Seals a message by HPKE (RFC 9180) in its base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
 * `about` is not secret, and belongs to the message: the `info` of HPKE. `sender` is drawn anew for each message; only tests give one.
 */
export function seal(
  recipient: Uint8Array,
  message: Uint8Array,
  about: Uint8Array,
  sender = generateKeyPairSync('x25519'),
): Sealed {
  const enc = rawOf(sender.publicKey);
  const dh = diffieHellman({ privateKey: sender.privateKey, publicKey: publicKeyOf(recipient) });
  const shared = sharedSecret(dh, enc, recipient);
  const { key, nonce } = keysOf(shared, about);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const sealed = Buffer.concat([cipher.update(message), cipher.final(), cipher.getAuthTag()]);
  return { enc, sealed };
}

/** RFC 9180 §4.1: ExtractAndExpand over what both sides compute, and both public keys. */
function sharedSecret(dh: Uint8Array, enc: Uint8Array, recipient: Uint8Array): Buffer {
  const prk = extract(KEM, NOTHING, 'eae_prk', dh);
  return expand(KEM, prk, 'shared_secret', Buffer.concat([enc, recipient]), 32);
}

/** RFC 9180 §5.1, without a key that both share before. */
function keysOf(
  shared: Buffer,
  about: Uint8Array,
): { readonly key: Buffer; readonly nonce: Buffer } {
  const id = extract(HPKE, NOTHING, 'psk_id_hash', NOTHING);
  const context = Buffer.concat([Buffer.of(0), id, extract(HPKE, NOTHING, 'info_hash', about)]);
  const secret = extract(HPKE, shared, 'secret', NOTHING);
  return {
    key: expand(HPKE, secret, 'key', context, 32),
    nonce: expand(HPKE, secret, 'base_nonce', context, 12),
  };
}

function extract(suite: Buffer, salt: Buffer, label: string, secret: Uint8Array): Buffer {
  return createHmac('sha256', salt)
    .update(Buffer.concat([Buffer.from('HPKE-v1'), suite, Buffer.from(label), secret]))
    .digest();
}

/** At most 32 bytes: one block of HKDF. */
function expand(suite: Buffer, prk: Buffer, label: string, about: Buffer, length: number): Buffer {
  return createHmac('sha256', prk)
    .update(Buffer.of(0, length))
    .update(Buffer.concat([Buffer.from('HPKE-v1'), suite, Buffer.from(label), about, Buffer.of(1)]))
    .digest()
    .subarray(0, length);
}

// What comes before the 32 bytes of a public key of X25519 in DER (RFC 8410).
const SPKI = Buffer.from('302a300506032b656e032100', 'hex');

function publicKeyOf(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI, raw]), format: 'der', type: 'spki' });
}

function rawOf(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(SPKI.length);
}
