import { generateKeyPairSync, sign } from 'node:crypto';
import { type Release, releaseOf } from '#domain/promotion/release.ts';
import { requireSigned, SIGNED_VALID_MS, statementOf } from '#domain/promotion/signed-release.ts';
import { messageOf, trustedSigners } from '#operations/signing/release-signing.ts';
import { memoryWorld } from '../../support/worlds/memory.ts';

const NOW = Date.parse('2026-06-01T12:00:00Z');
const HERE = 'slipway-prod-bucket';
const BY = 'arn:aws:iam::123456789012:user/ann';

function keyPair() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const [signer] = trustedSigners(
    publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  );
  const signed = (statement: string) => ({
    statement,
    signature: sign('sha256', messageOf(statement), privateKey).toString('base64'),
  });
  return { signer: signer!, signed };
}

const own = keyPair();
const trust = { here: HERE, signers: [keyPair().signer, own.signer] };
let release: Release;

beforeAll(async () => {
  const world = memoryWorld({ engine: 'image' });
  const deployed = await world.deploy(world.upload({ manifest: 'server: {}' }));
  const found = await releaseOf(await world.recordOf(deployed), 'staging');
  const carried = <Part extends object>(part: Part) => ({ ...part, checksum: 'sha256:BBBB' });
  const { parts, manifest } = found.files;
  release = {
    ...found,
    files: { parts: parts.map(carried), manifest: manifest && carried(manifest) },
  };
});

const signedAt = async (of: Release, atMs = NOW, to = HERE): Promise<Release> => ({
  ...of,
  signed: own.signed(await statementOf(of, { to, by: BY, atMs })),
});
const taken = (of: Release, { newestAtMs = 0, nowMs = NOW, trusting = trust } = {}) =>
  requireSigned(of, trusting, { nowMs, newestAtMs });

it('a release that a trusted key has signed for this Slipway is taken, and says by whom', async () => {
  expect(await taken(await signedAt(release))).toEqual({
    key: own.signer.fingerprint,
    by: BY,
    atMs: NOW,
  });
});

it('where no key is trusted nobody asks for a signature', async () => {
  const trusting = { here: HERE, signers: [] };

  expect(await taken(release, { trusting })).toBeNull();
  expect(await taken(await signedAt(release), { trusting })).toBeNull();
});

const changes: readonly (readonly [string, (given: Release) => Release, string])[] = [
  ['digest', (given) => ({ ...given, digest: `sha256:${'0'.repeat(64)}` }), 'digest'],
  [
    'image',
    (given) => ({ ...given, image: { ...given.image!, digest: `sha256:${'0'.repeat(64)}` } }),
    'image',
  ],
  [
    'version',
    (given) => ({ ...given, from: { ...given.from, version: given.from.version + 1 } }),
    'version',
  ],
  ['model', (given) => ({ ...given, model: 'letters' }), 'model'],
  [
    'manifest',
    ({ files, ...given }) => ({
      ...given,
      files: { ...files, manifest: { ...files.manifest!, checksum: 'sha256:AAAA' } },
    }),
    'manifest',
  ],
  [
    'manifest left out',
    (given) => ({ ...given, files: { ...given.files, manifest: null } }),
    'manifest',
  ],
  [
    'file',
    ({ files, ...given }) => ({
      ...given,
      files: { ...files, parts: files.parts.map((part) => ({ ...part, sizeBytes: 1 })) },
    }),
    'files',
  ],
  [
    'value of its manifest',
    ({ inspection, ...given }) => ({
      ...given,
      inspection: {
        ...inspection,
        manifest: { ...inspection.manifest, placement: { target: 'ec2' } } as never,
      },
    }),
    'inspection, plan, image or proof',
  ],
  ['proof', (given) => ({ ...given, proof: null }), 'inspection, plan, image or proof'],
];

it.each(changes)(
  'a release whose %s was changed after it was signed is refused',
  async (_, change, named) => {
    const changed = change(await signedAt(release));

    await expect(taken(changed)).rejects.toMatchObject({
      name: 'ReleaseUntrusted',
      message: expect.stringContaining(`has another ${named} than was signed`),
      fix: expect.stringContaining('Promote it again'),
    });
  },
);

it.each<[string, (signed: NonNullable<Release['signed']>) => Release['signed'], RegExp]>([
  ['not at all', () => undefined, /is not signed, and only signed ones are taken here$/],
  [
    'by another key',
    ({ statement }) => keyPair().signed(statement),
    /not signed by a key that is trusted/,
  ],
  [
    'with nothing',
    (signed) => ({ ...signed, signature: '' }),
    /not signed by a key that is trusted/,
  ],
  [
    'with no signature',
    (signed) => ({ ...signed, signature: 'AAAA' }),
    /not signed by a key that is/,
  ],
  [
    'before its statement was changed',
    ({ statement, signature }) => ({ statement: statement.replace(BY, 'eve'), signature }),
    /not signed by a key that is trusted/,
  ],
  ['with a statement that is none', () => own.signed('{}'), /a statement of another kind$/],
  [
    'with a statement that says more',
    ({ statement }) => own.signed(statement.replace('{', '{"more":1,')),
    /another kind$/,
  ],
])('a release signed %s is refused', async (_, change, message) => {
  const { signed, ...rest } = await signedAt(release);
  const other = change(signed!);

  await expect(taken({ ...rest, ...(other && { signed: other }) })).rejects.toMatchObject({
    name: 'ReleaseUntrusted',
    message: expect.stringMatching(message),
  });
});

it('a statement for another stage is refused', async () => {
  const elsewhere = await signedAt(release, NOW, 'slipway-qa-bucket');

  await expect(taken(elsewhere)).rejects.toMatchObject({
    name: 'ReleaseUntrusted',
    message: `the release of digits version 1 was signed for slipway-qa-bucket, and this is ${HERE}`,
  });
});

it('the statement of one version is refused with the files of another', async () => {
  const { signed } = await signedAt(release);
  const other = {
    ...release,
    from: { ...release.from, version: 2, deploymentId: 'f'.repeat(32) },
    digest: `sha256:${'1'.repeat(64)}`,
  };

  await expect(taken({ ...other, signed: signed! })).rejects.toMatchObject({
    name: 'ReleaseUntrusted',
  });
});

it.each([
  ['an hour after it was signed it is refused', NOW - SIGNED_VALID_MS - 1, 0, /over an hour ago$/],
  ['long before it is signed it is refused', NOW + 301_000, 0, /which is yet to come$/],
  [
    'the same statement is refused again',
    NOW,
    NOW,
    /and one of 2026-06-01T12:00:00.000Z was taken/,
  ],
  ['an older statement than was taken is refused', NOW - 1000, NOW, /was taken since$/],
])('%s', async (_, atMs, newestAtMs, message) => {
  await expect(taken(await signedAt(release, atMs), { newestAtMs })).rejects.toMatchObject({
    name: 'ReleaseUntrusted',
    message: expect.stringMatching(message),
  });
});

it('clocks may differ by a little, and a promotion may wait', async () => {
  expect(await taken(await signedAt(release, NOW + 299_000))).not.toBeNull();
  expect(await taken(await signedAt(release, NOW - SIGNED_VALID_MS))).not.toBeNull();
});
