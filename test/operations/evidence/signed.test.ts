import { generateKeyPairSync } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Evidence,
  evidenceKey,
  FORMAT,
  readSigned,
  signed,
} from '#operations/evidence/signed.ts';
import { temporaryFolder } from '../../support/slipway/running.ts';

const SEEN: Evidence = {
  format: FORMAT,
  slipway: '0.1.0',
  region: 'eu-west-1',
  beganAt: '2026-11-30T21:40:34.000Z',
  seconds: 1800,
  acts: [{ act: 'deploy the stage', isDone: true, said: '', seconds: 300 }],
  findings: [{ row: 'An alias is made once', verdict: 'as written', what: 'refused' }],
  requests: { sent: 900, lost: 0 },
  leftovers: [],
};

const key = () => generateKeyPairSync('ed25519').privateKey;

describe('a file of evidence', () => {
  it('is read as it was written, with the key that signed it', () => {
    const own = key();
    const text = signed(SEEN, own);

    expect(readSigned(text).evidence).toEqual(SEEN);
    expect(readSigned(text).fingerprint).toBe(readSigned(signed(SEEN, own)).fingerprint);
    expect(readSigned(text).fingerprint).not.toBe(readSigned(signed(SEEN, key())).fingerprint);
  });

  it('is read whatever the order in which its fields were given', () => {
    const { leftovers, format, ...others } = SEEN;

    expect(readSigned(signed({ leftovers, ...others, format }, key())).evidence).toEqual(SEEN);
  });

  it.each([
    ['a verdict', (text: string) => text.replace('as written', 'otherwise')],
    ['a count', (text: string) => text.replace('"lost": 0', '"lost": 1')],
    ['its key', (text: string) => withKeyOf(text, signed(SEEN, key()))],
    ['its signature', (text: string) => text.replace(/"signature": "../, '"signature": "AA')],
  ])('is refused when %s was changed', (_, change) => {
    const text = signed(SEEN, key());
    const changed = change(text);

    expect(changed).not.toBe(text);
    expect(() => readSigned(changed)).toThrow('it was changed');
  });

  it.each(['', '{}', '[]', 'null', '{"evidence": {}}'])(
    'is refused where it is none: %s',
    (text) => {
      expect(() => readSigned(text)).toThrow('this is not a file of `slipway prove`');
    },
  );
});

it('the key of a user is made once, and nobody else reads it', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'slipway', 'key.pem');

  const first = await evidenceKey(path);
  const second = await evidenceKey(path);

  expect(second.equals(first)).toBe(true);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

function withKeyOf(text: string, other: string): string {
  const { publicKey } = JSON.parse(other);
  return JSON.stringify({ ...JSON.parse(text), publicKey });
}
