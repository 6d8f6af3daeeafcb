import { createHash } from 'node:crypto';
import fc from 'fast-check';
import {
  type Artifact,
  type ArtifactOrder,
  type ArtifactPart,
  compareOrder,
  deploymentId,
  isSameArtifact,
} from '#domain/deployment.ts';

describe('a deployment’s id', () => {
  it('is the first half of the sha256 of bucket, key and version', async () => {
    const sha256 = createHash('sha256').update('["b","models/a/é.onnx","v1"]').digest('hex');

    expect(await deploymentId('b', 'models/a/é.onnx', 'v1')).toBe(sha256.slice(0, 32));
  });

  it('does not depend on where one part ends and the next begins', async () => {
    expect(await deploymentId('b', 'k1', '2')).not.toBe(await deploymentId('b', 'k', '12'));
  });

  it('has 32 hexadecimal digits, whatever the names are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.string(), fc.string(), async (bucket, key, version) => {
        expect(await deploymentId(bucket, key, version)).toMatch(/^[0-9a-f]{32}$/);
      }),
    );
  });
});

describe('newest wins', () => {
  const base: ArtifactOrder = { key: 'a', versionId: '1', sequencer: '0A', lastModifiedMs: 5 };

  it.each([
    { what: 'a higher sequencer of the same key', a: { sequencer: '0B', lastModifiedMs: 1 } },
    { what: 'a longer sequencer of the same key', a: { sequencer: '0A01' } },
    { what: 'a later time under another key', a: { key: 'b', sequencer: '00', lastModifiedMs: 6 } },
    { what: 'a higher version id at the same time', a: { key: 'b', versionId: '2' } },
    { what: 'a later time where the store gives no sequencers', a: { lastModifiedMs: 6 } },
    {
      what: 'a later time where only one has a sequencer',
      a: { sequencer: '', lastModifiedMs: 6 },
    },
  ])('by $what', ({ a }) => {
    expect(compareOrder({ ...base, ...a }, base)).toBeGreaterThan(0);
    expect(compareOrder(base, { ...base, ...a })).toBeLessThan(0);
  });

  it('takes a sequencer padded with zeros for the same', () => {
    expect(compareOrder({ ...base, sequencer: '0A00' }, base)).toBe(0);
  });

  it('has one answer, whichever is asked first', () => {
    const order: fc.Arbitrary<ArtifactOrder> = fc.record({
      key: fc.constantFrom('a', 'b'),
      versionId: fc.constantFrom('1', '2', '3'),
      sequencer: fc.stringMatching(/^[0-9A-F]{0,3}$/),
      lastModifiedMs: fc.nat(3),
    });
    fc.assert(
      fc.property(order, order, (a, b) => {
        expect(Math.sign(compareOrder(a, b))).toBe(0 - Math.sign(compareOrder(b, a)));
        expect(compareOrder(a, a)).toBe(0);
      }),
    );
  });
});

describe('two artifacts', () => {
  const part: ArtifactPart = {
    name: 'model.onnx',
    key: 'models/shapes/model.onnx',
    versionId: '1',
    sizeBytes: 10,
    checksum: 'sha256:aa',
  };
  const manifest: ArtifactPart = { ...part, name: 'model.yaml', checksum: 'sha256:cc' };
  const artifact: Artifact = {
    bucket: 'bucket',
    key: part.key,
    versionId: '1',
    parts: [part, { ...part, name: 'weights.bin', checksum: 'sha256:bb' }],
    manifest,
  };

  it.each([
    {
      where: 'uploaded again',
      other: { versionId: '2', parts: artifact.parts.map((each) => ({ ...each, versionId: '9' })) },
    },
    { where: 'under another key', other: { key: 'models/shapes/b.onnx' } },
    { where: 'listed in another order', other: { parts: artifact.parts.toReversed() } },
    {
      where: 'with a manifest of another name',
      other: { manifest: { ...manifest, name: 'a.yaml' } },
    },
  ])('are the same when the same bytes are $where', ({ other }) => {
    expect(isSameArtifact(artifact, { ...artifact, ...other })).toBe(true);
  });

  it.each([
    {
      what: 'the bytes differ',
      other: { parts: [{ ...part, checksum: 'sha256:dd' }, artifact.parts[1]!] },
    },
    {
      what: 'the size differs',
      other: { parts: [{ ...part, sizeBytes: 11 }, artifact.parts[1]!] },
    },
    { what: 'a name differs', other: { parts: [{ ...part, name: 'b.onnx' }, artifact.parts[1]!] } },
    { what: 'a part is missing', other: { parts: [part] } },
    { what: 'the manifest differs', other: { manifest: { ...manifest, checksum: 'sha256:ee' } } },
    { what: 'the manifest is missing', other: { manifest: null } },
  ])('are not the same when $what', ({ other }) => {
    expect(isSameArtifact(artifact, { ...artifact, ...other })).toBe(false);
    expect(isSameArtifact({ ...artifact, ...other }, artifact)).toBe(false);
  });
});
