import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { newKey, open, seal } from '#adapters/capture/hpke.ts';
import { seal as serverSeal } from '../../../runtimes/onnx/capture/seal.ts';
import vectors from '../../fixtures/hpke.json' with { type: 'json' };

const bytes = (hex: string) => Buffer.from(hex, 'hex');
const KEY = { own: bytes(vectors.own), public: bytes(vectors.public) };
const MESSAGE = Buffer.from(vectors.message);
const ABOUT = Buffer.from(vectors.about);

/** The pair of the vectors' sender. */
function sender() {
  const { privateKey } = generateKeyPairSync('x25519');
  const { x: _, ...jwk } = privateKey.export({ format: 'jwk' });
  const d = bytes(vectors.sender).toString('base64url');
  const own = createPrivateKey({
    key: { ...jwk, d, x: bytes(vectors.enc).toString('base64url') },
    format: 'jwk',
  });
  return { privateKey: own, publicKey: createPublicKey(own) };
}

describe('what is sealed', () => {
  it('by another library of HPKE is opened', () => {
    const { enc, sealed } = vectors.byAnother;

    const opened = open(KEY, { enc: bytes(enc), sealed: bytes(sealed) }, ABOUT);

    expect(opened).toEqual(MESSAGE);
  });

  it('by the ONNX server is what the other library opens', () => {
    const { enc, sealed } = serverSeal(KEY.public, MESSAGE, ABOUT, sender());

    expect(enc.toString('hex')).toBe(vectors.enc);
    expect(sealed.toString('hex')).toBe(vectors.sealed);
  });

  it.each([
    ['the server', serverSeal],
    ['feedback', seal],
  ])('by %s is opened by its key alone, with what it belongs to', (_, seals) => {
    const key = newKey();
    const sealed = seals(key.public, MESSAGE, ABOUT);

    expect(open(key, sealed, ABOUT)).toEqual(MESSAGE);
    expect(() => open(newKey(), sealed, ABOUT)).toThrow();
    expect(() => open(key, sealed, Buffer.from('another'))).toThrow();
    const changed = Buffer.from(sealed.sealed);
    changed[0] = (changed[0] ?? 0) ^ 1;
    expect(() => open(key, { ...sealed, sealed: changed }, ABOUT)).toThrow();
    expect(() => open(key, { ...sealed, sealed: changed.subarray(0, 7) }, ABOUT)).toThrow();
  });

  it('twice is never the same', () => {
    const key = newKey();
    const sealed = Array.from({ length: 50 }, () => serverSeal(key.public, MESSAGE, ABOUT));

    expect(new Set(sealed.map(({ enc }) => enc.toString('hex'))).size).toBe(50);
  });

  it('for a key of zeros cannot be, which stands for a dropped one', () => {
    expect(() => serverSeal(Buffer.alloc(32), MESSAGE, ABOUT)).toThrow();
  });
});
