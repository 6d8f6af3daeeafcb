import { generateKeyPairSync } from 'node:crypto';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  fingerprintOf,
  folderKey,
  folderTrust,
  messageOf,
  trustedSigners,
} from '#operations/signing/release-signing.ts';
import { temporaryFolder } from '../../support/slipway/running.ts';

const publicKey = (curve: string) =>
  generateKeyPairSync('ec', { namedCurve: curve })
    .publicKey.export({ type: 'spki', format: 'der' })
    .toString('base64');

it('a data folder makes its key once, also when two need it at once, and for its owner alone', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'signing-key.pem');

  const keys = await Promise.all([folderKey(folder.path), folderKey(folder.path)]);
  const later = await folderKey(folder.path);

  const names = await Promise.all([...keys, later].map((key) => key.publicKey()));
  expect(new Set(names).size).toBe(1);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readFile(path, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----/);
});

it('a key file that cannot be read is never replaced', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'signing-key.pem');
  await writeFile(path, 'no key');
  await chmod(path, 0o600);

  await expect(folderKey(folder.path)).rejects.toThrow();
  expect(await readFile(path, 'utf8')).toBe('no key');
});

it('a signature holds for the text and the key alone', async () => {
  await using folder = await temporaryFolder();
  const key = await folderKey(folder.path);
  const [own, other] = trustedSigners(`${await key.publicKey()}, ${publicKey('prime256v1')}`);
  const signature = await key.sign(messageOf('a text'));

  expect(own!.isSigned('a text', signature)).toBe(true);
  expect(own!.isSigned('another', signature)).toBe(false);
  expect(other!.isSigned('a text', signature)).toBe(false);
  expect(own!.fingerprint).toBe(fingerprintOf(await key.publicKey()));
});

it.each([
  ['of another curve', publicKey('secp384r1')],
  ['of KMS', 'arn:aws:kms:us-east-1:111122223333:key/1a2b'],
  ['written in another way', `${publicKey('prime256v1').slice(0, -2)}`],
])('a key %s is no signer', (_, text) => {
  expect(() => trustedSigners(text)).toThrow(/is no public key that signs releases$/);
});

it('a folder without trusted keys takes every release, and needs no key of its own', async () => {
  await using folder = await temporaryFolder();

  expect(await folderTrust(folder.path, [])).toEqual({ here: '', signers: [] });
  await expect(stat(join(folder.path, 'signing-key.pem'))).rejects.toMatchObject({
    code: 'ENOENT',
  });
});
