import { generateKeyPairSync, sign } from 'node:crypto';
import type { Release } from '#domain/promotion/release.ts';
import {
  fingerprintOf,
  signedRelease,
  trustedSigners,
} from '#operations/signing/release-signing.ts';
import { admitPromotion } from '#steps/admit-promotion.ts';
import {
  BUCKET,
  type MemoryWorld,
  MODEL,
  memoryWorld,
  type WorldOptions,
} from '../support/worlds/memory.ts';
import { promotion } from '../support/worlds/promotion.ts';

type Changes = Parameters<typeof promotion>[2];

/** A version that is live in staging, and the execution that brings it to production. */
async function stages(changes: Changes = {}, options: WorldOptions = {}) {
  const staging = memoryWorld(options);
  const source = await staging.recordOf(await staging.deploy());
  const prod = memoryWorld(options);
  const request = await promotion(staging, prod, changes);
  const admit = (execution = 'execution-p') => admitPromotion(prod.deps)({ request, execution });
  return { staging, source, prod, request, admit };
}

/** Names another image in the release than the one that was brought. */
function renaming(
  change: (image: NonNullable<Release['image']>) => Release['image'],
): NonNullable<Changes> {
  return { change: ({ image, ...release }) => ({ ...release, image: image && change(image) }) };
}

const why = async (world: MemoryWorld, id: string) => {
  const [{ state, reason, fix }] = (await world.told(id)).slice(-1) as [
    Awaited<ReturnType<typeof world.told>>[number],
  ];
  return { state, reason, fix };
};

describe('admitting a promotion', () => {
  it('takes all that was found of the version where it comes from, but not where it ran', async () => {
    const { source, prod, request, admit } = await stages({}, { engine: 'image' });

    const answer = await admit();

    expect(answer).toEqual({
      kind: 'admitted',
      id: request.deploymentId,
      model: MODEL,
      reason: '',
    });
    const { inspection, image, golden } = source.work;
    const record = await prod.recordOf(request);
    expect(record).toMatchObject({
      kind: 'promote',
      version: 1,
      work: {
        inspection,
        image: { digest: image!.digest },
        promotion: {
          from: { place: 'staging', version: 1, deploymentId: source.id },
          digest: image!.digest,
          proof: golden,
          needsApproval: false,
          approval: null,
        },
      },
    });
    for (const decided of ['decision', 'golden', 'candidate']) {
      expect(record.work).not.toHaveProperty(decided);
    }
    const digest = image!.digest;
    const [announced] = await prod.told(request.deploymentId);
    expect(announced).toMatchObject({
      reason: `promoted from staging, version 1: ${digest}`,
      data: { kind: 'promote', from: 'staging', fromVersion: 1, digest },
    });
    expect(record.work.image?.tag).toBe(record.work.plan?.imageTag);
    expect(record.artifact.parts.map(({ key }) => key)).toEqual([
      expect.stringMatching(/^promotions\/digits\/[0-9a-f]{64}\/artifact\/model\.onnx$/),
    ]);
  });

  it('names what has no image by the bytes of its files', async () => {
    const { prod, request, admit } = await stages();

    await admit();

    const { work } = await prod.recordOf(request);
    expect(work.image).toBeUndefined();
    expect(work.promotion?.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it('asks for an approval where the stage does', async () => {
    const { prod, request, admit } = await stages({}, { requireApproval: true });

    await admit();

    expect((await prod.recordOf(request)).work.promotion?.needsApproval).toBe(true);
  });

  it('is the same for the same execution, and for another while that one runs nothing to do', async () => {
    const { prod, admit } = await stages();
    const first = await admit();
    prod.executions.begin('execution-p');

    expect(await admit()).toEqual(first);
    expect((await admit('execution-q')).kind).toBe('ignored');
  });

  it('is nothing to do where the same bytes are live', async () => {
    const { staging, prod, request } = await stages();
    await prod.deploy(request);
    prod.clock.advance(1000);
    const again = await promotion(staging, prod);

    const { kind } = await admitPromotion(prod.deps)({ request: again, execution: 'execution-q' });

    expect(kind).toBe('ignored');
    const { work } = await prod.recordOf(request);
    expect((await why(prod, again.deploymentId)).reason).toBe(
      `digits-v1, which is live, is ${work.promotion!.digest} already`,
    );
  });

  it('is a new version where an undeploy is about to take the same bytes away', async () => {
    const { staging, prod, request } = await stages();
    await prod.deploy(request);
    prod.clock.advance(1000);
    const again = await promotion(staging, prod);
    await prod.before('AcquireLease', prod.undeploy());

    const { kind } = await admitPromotion(prod.deps)({ request: again, execution: 'execution-q' });

    expect(kind).toBe('admitted');
  });

  it('gives way to an upload that is newer', async () => {
    const { prod, admit } = await stages();
    await prod.before('InspectArtifact');

    expect((await admit()).kind).toBe('superseded');
  });

  it.each<{ name: string; changes: NonNullable<Changes>; reason: RegExp }>([
    {
      name: 'whose image has not arrived',
      changes: { withoutImage: true },
      reason: /^the image sha256:[0-9a-f]{64}, as digits-[0-9a-f]{32}, is not here, or is another$/,
    },
    {
      name: 'whose image is here under another tag',
      changes: renaming((image) => ({ ...image, tag: 'digits-0' })),
      reason: /^the image sha256:[0-9a-f]{64}, as digits-0, is not here, or is another$/,
    },
    {
      name: 'whose tag is of another image here',
      changes: renaming((image) => ({ ...image, digest: `sha256:${'0'.repeat(64)}` })),
      reason: /^the image sha256:0{64}, as digits-[0-9a-f]{32}, is not here, or is another$/,
    },
    {
      name: 'whose file has another size, whatever its checksum is of',
      changes: {
        change: ({ files, ...release }) => ({
          ...release,
          files: {
            ...files,
            parts: files.parts.map((part) => ({ ...part, sizeBytes: 1, checksum: 'crc32:AAAA' })),
          },
        }),
      },
      reason: /model\.onnx, version \S+ is not here, or is another$/,
    },
    {
      name: 'of another model',
      changes: { change: (release) => ({ ...release, model: 'letters' }) },
      reason: /^the release is one of letters, not of digits$/,
    },
    {
      name: 'without the image that is needed here',
      changes: { change: (release) => ({ ...release, image: null }) },
      reason: /^the release of digits has no image, which it needs here$/,
    },
    {
      name: 'whose file is another',
      changes: {
        change: ({ files, ...release }) => ({
          ...release,
          files: {
            ...files,
            parts: files.parts.map((part) => ({ ...part, checksum: 'sha256:AAAA' })),
          },
        }),
      },
      reason: /model\.onnx, version \S+ is not here, or is another$/,
    },
    {
      name: 'whose file is not below its own prefix',
      changes: {
        change: ({ files, ...release }) => ({
          ...release,
          files: {
            ...files,
            parts: files.parts.map((part) => ({ ...part, key: 'models/letters/model.onnx' })),
          },
        }),
      },
      reason: /^models\/letters\/model\.onnx, version \S+ is not here, or is another$/,
    },
    {
      name: 'that is no release',
      changes: { change: () => ({ schema: 2 }) },
      reason: /^the release is not one of this Slipway: /,
    },
    {
      name: 'that is longer than any',
      changes: { change: (release) => ({ ...release, more: 'x'.repeat(1_100_000) }) },
      reason: /^promotions\/\S+\/release\.json has \d+ bytes; a release has at most 1048576$/,
    },
  ])('rejects a release $name', async ({ changes, reason }) => {
    const { prod, request, admit } = await stages(changes, { engine: 'image' });

    expect((await admit()).kind).toBe('rejected');
    expect(await why(prod, request.deploymentId)).toMatchObject({ state: 'Rejected' });
    expect((await why(prod, request.deploymentId)).reason).toMatch(reason);
    expect((await prod.recordOf(request)).artifact).toEqual({
      ...request.release,
      parts: [],
      manifest: null,
    });
  });

  it.each<[string, NonNullable<Changes>, string]>([
    ['is promoted again where something is not here', { withoutImage: true }, 'Promote it again.'],
    [
      'is pushed where it has no image and needs one',
      { change: (release) => ({ ...release, image: null }) },
      'It comes from a Slipway that runs models as processes: push the model itself.',
    ],
  ])('%s', async (_, changes, fix) => {
    const { prod, request, admit } = await stages(changes, { engine: 'image' });

    await admit();

    expect((await why(prod, request.deploymentId)).fix).toBe(fix);
  });

  it('rejects a release that is gone, and leaves to a retry what may pass', async () => {
    const { prod, request, admit } = await stages();
    prod.store.throttle(1);

    await expect(admit()).rejects.toMatchObject({ name: 'PlatformThrottled' });
    prod.store.expire(request.release);
    expect((await admit()).kind).toBe('rejected');
  });

  it('takes a checksum of another kind for no sign of other bytes, and a manifest with the files', async () => {
    const { prod, request, admit } = await stages({
      change({ files, ...release }) {
        const [part] = files.parts;
        const other = { ...part!, checksum: 'crc32:AAAA' };
        return {
          ...release,
          files: { parts: [other], manifest: { ...other, name: 'model.yaml' } },
        };
      },
    });

    expect((await admit()).kind).toBe('admitted');
    const { parts, manifest } = (await prod.recordOf(request)).artifact;
    expect(parts[0]?.checksum).toMatch(/^sha256:/);
    expect(manifest?.name).toBe('model.yaml');
  });
});

describe('admitting a promotion where releases are to be signed', () => {
  const keyPair = () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const text = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    const key = {
      sign: async (message: Uint8Array) => sign('sha256', message, privateKey).toString('base64'),
    };
    return { key, signers: trustedSigners(text), fingerprint: fingerprintOf(text) };
  };
  const trusted = keyPair();
  const releasing = (world: MemoryWorld, to = BUCKET) => ({
    to,
    by: 'ann',
    atMs: world.clock.now(),
  });

  async function promoting(change: (release: Release, prod: MemoryWorld) => object) {
    const staging = memoryWorld({ engine: 'image' });
    await staging.deploy();
    const prod = memoryWorld({ engine: 'image', signers: trusted.signers });
    const request = await promotion(staging, prod, { change: (release) => change(release, prod) });
    const { kind } = await admitPromotion(prod.deps)({ request, execution: 'execution-p' });
    return { staging, prod, kind, record: await prod.recordOf(request), request };
  }
  const signed = (release: Release, prod: MemoryWorld, key = trusted.key) =>
    signedRelease(release, key, releasing(prod));

  it('takes one that a trusted key has signed, and records who released it', async () => {
    const { prod, kind, record, request } = await promoting(signed);

    const by = { key: trusted.fingerprint, by: 'ann', atMs: prod.clock.now() };
    expect(kind).toBe('admitted');
    expect(record.work.promotion?.signed).toEqual(by);
    const [admitted] = await prod.told(request.deploymentId);
    expect(admitted?.data).toMatchObject({ signedBy: by.key, releasedBy: 'ann' });
  });

  it.each<[string, (release: Release, prod: MemoryWorld) => object, RegExp]>([
    ['without a signature', (release) => release, /is not signed, and only signed ones/],
    [
      'that another key has signed',
      (release, prod) => signed(release, prod, keyPair().key),
      /not signed by a key/,
    ],
    [
      'that was signed for another Slipway',
      (release, prod) => signedRelease(release, trusted.key, releasing(prod, 'other')),
      /was signed for other, and this is bucket$/,
    ],
    [
      'whose proof is another than was signed',
      async (release, prod) => ({ ...(await signed(release, prod)), proof: null }),
      /has another inspection, plan, image or proof than was signed$/,
    ],
  ])('rejects one %s', async (_, change, reason) => {
    const { kind, record } = await promoting(change);

    expect(kind).toBe('rejected');
    expect(record.trouble).toMatchObject({
      name: 'ReleaseUntrusted',
      reason: expect.stringMatching(reason),
    });
  });

  // A file of a wanted size and CRC-64 is easily made.
  it('rejects one whose files were signed by a checksum for which anybody can make other bytes', async () => {
    const { kind, record } = await promoting((release, prod) => {
      const { parts } = release.files;
      const weak = parts.map((part) => ({ ...part, checksum: 'crc64nvme:AAAAAAAAAAA=' }));
      return signed({ ...release, files: { ...release.files, parts: weak } }, prod);
    });

    expect(kind).toBe('rejected');
    expect(record.trouble).toMatchObject({
      name: 'ReleaseUntrusted',
      reason: expect.stringMatching(/names model\.onnx by crc64nvme, and only a SHA-256 will do$/),
    });
  });

  it('rejects one whose file was brought with a checksum that cannot be compared with the signed one', async () => {
    const { kind, record } = await promoting(async (release, prod) => {
      const statement = await signed(release, prod);
      const [part] = release.files.parts;
      const other = prod.store.put(part!.key, new Uint8Array(part!.sizeBytes), 'crc64nvme');
      const parts = [{ ...part!, versionId: other.versionId }];
      return { ...statement, files: { ...release.files, parts } };
    });

    expect(kind).toBe('rejected');
    expect(record.trouble?.reason).toMatch(
      /artifact\/model\.onnx, version \w+ is not here, or is another$/,
    );
  });

  it('rejects a statement that was taken before, though it is written again', async () => {
    const { staging, prod, request } = await promoting(signed);
    await prod.deploy(request);
    const { signed: statement } = JSON.parse(await textOf(prod, request));
    prod.clock.advance(1000);
    const again = await promotion(staging, prod, {
      change: (release) => ({ ...release, signed: statement }),
    });

    const { kind } = await admitPromotion(prod.deps)({ request: again, execution: 'execution-q' });

    expect(kind).toBe('rejected');
    expect((await why(prod, again.deploymentId)).reason).toMatch(/was taken since$/);
  });
});

async function textOf(
  world: MemoryWorld,
  { release }: { release: Parameters<MemoryWorld['store']['describe']>[0] },
) {
  const stored = (await world.store.describe(release))!;
  const source = await world.store.open(stored);
  return new TextDecoder().decode(await source.read(0, stored.sizeBytes));
}
