import { imageTag, modelOfTag, readImage } from '#domain/build/image.ts';
import type { Artifact } from '#domain/deployment.ts';

const part = { name: 'a.onnx', key: 'k', versionId: 'v1', sizeBytes: 3, checksum: 'crc64nvme:x' };
const artifact: Artifact = {
  bucket: 'b',
  key: 'k',
  versionId: 'v1',
  manifest: null,
  parts: [part, { ...part, name: 'a.data' }],
};

describe('the tag of an image', () => {
  it('is of the model, the environment and the bytes, wherever and in whatever order they lie', async () => {
    const tag = await imageTag('digits', 'e1', artifact);
    const moved = {
      ...artifact,
      bucket: 'other',
      parts: artifact.parts.map((file) => ({ ...file, versionId: 'v2' })).toReversed(),
    };

    expect(tag).toMatch(/^digits-[0-9a-f]{32}$/);
    expect(await imageTag('digits', 'e1', moved)).toBe(tag);
  });

  it.each(['digits', 'digits-2', `digits-${'a'.repeat(32)}`])(
    'tells that it is of %s',
    async (model) => {
      expect(modelOfTag(await imageTag(model, 'e1', artifact))).toBe(model);
    },
  );

  it.each([
    'digits',
    'digits-v1',
    'a'.repeat(32),
    `-${'a'.repeat(32)}`,
    `digits-${'A'.repeat(32)}`,
  ])('is not %s', (tag) => {
    expect(modelOfTag(tag)).toBeUndefined();
  });

  it.each([
    { what: 'the environment', environment: 'e2', changed: part },
    { what: 'a checksum', environment: 'e1', changed: { ...part, checksum: 'crc64nvme:y' } },
    { what: 'a size', environment: 'e1', changed: { ...part, sizeBytes: 4 } },
    { what: 'a name', environment: 'e1', changed: { ...part, name: 'b.onnx' } },
  ])('is another one when $what is', async ({ environment, changed }) => {
    const other = { ...artifact, parts: [changed, artifact.parts[1]!] };

    expect(await imageTag('digits', environment, other)).not.toBe(
      await imageTag('digits', 'e1', artifact),
    );
  });
});

const EXPORTS = {
  IMAGE_DIGEST: `sha256:${'a'.repeat(64)}`,
  COMPRESSED_BYTES: '90',
  UNCOMPRESSED_BYTES: '250',
  ARTIFACT_SHA256: 'b'.repeat(64),
};

const PROVEN = {
  runtime: 'onnx',
  modelFile: 'model.onnx',
  conversion: {
    kept: true,
    reason: 'it answers the same',
    rows: 200,
    maxDifference: 1e-7,
    nativeMicros: 900,
    onnxMicros: 6,
  },
  importMs: 1200,
  loadMs: 30,
  peakBytes: 2 ** 27,
  modelBytes: 9000,
  takesColumns: false,
  signature: null,
  example: null,
  packages: ['scikit-learn==1.5.2'],
};

const variables = (values: Readonly<Record<string, string>>) =>
  Object.entries(values).map(([Name, Value]) => ({ Name, Value }));

describe('what a build exports', () => {
  it('is the image with its sizes', () => {
    expect(readImage('digits-1', variables(EXPORTS))).toEqual({
      tag: 'digits-1',
      digest: EXPORTS.IMAGE_DIGEST,
      compressedBytes: 90,
      uncompressedBytes: 250,
      artifactSha256: EXPORTS.ARTIFACT_SHA256,
      proof: null,
      smoke: null,
    });
  });

  it('tells what its image took when it was started', () => {
    const smoke = { startMs: 812, peakBytes: 118_620_160 };
    const SMOKE = JSON.stringify(smoke);

    expect(readImage('digits-1', variables({ ...EXPORTS, SMOKE, PROOF: '' }))).toMatchObject({
      smoke,
      proof: null,
    });
    expect(readImage('digits-1', variables({ ...EXPORTS, SMOKE: '' })).smoke).toBeNull();
  });

  it.each(['{', '{"startMs":1}', '{"startMs":1,"peakBytes":0}'])(
    'is refused when its smoke test is `%s`',
    (SMOKE) => {
      const read = () => readImage('digits-1', variables({ ...EXPORTS, SMOKE }));

      expect(read).toThrow('as SMOKE');
    },
  );

  it('tells how a model that was loaded is served', () => {
    const PROOF = JSON.stringify(PROVEN);

    expect(readImage('digits-1', variables({ ...EXPORTS, PROOF }), 'python').proof).toEqual(PROVEN);
  });

  it.each(['', '{', '{}', JSON.stringify({ ...PROVEN, runtime: 'java' })])(
    'is refused when its proof is `%s`',
    (PROOF) => {
      const read = () => readImage('digits-1', variables({ ...EXPORTS, PROOF }), 'python');

      expect(read).toThrow('the build of digits-1 exported as PROOF');
    },
  );

  it.each([
    ['IMAGE_DIGEST', 'latest'],
    ['COMPRESSED_BYTES', '0'],
    ['UNCOMPRESSED_BYTES', '1e9'],
    ['ARTIFACT_SHA256', ''],
  ])('is refused by name when %s is `%s`', (name, value) => {
    const read = () => readImage('digits-1', variables({ ...EXPORTS, [name]: value }));

    expect(read).toThrow(`the build of digits-1 exported \`${value}\` as ${name}`);
  });

  it('is refused when it is missing', () => {
    expect(() => readImage('digits-1', [])).toThrow('exported `` as IMAGE_DIGEST');
  });
});
