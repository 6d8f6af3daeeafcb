import { imageTag, modelOfTag, readImage, servedBy } from '#domain/build/image.ts';
import { keptInFull } from '#domain/build/proof.ts';
import type { RuntimeName } from '#domain/build/runtime.ts';
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

const BUILT = {
  digest: `sha256:${'a'.repeat(64)}`,
  compressedBytes: 90,
  uncompressedBytes: 250,
  artifactSha256: 'b'.repeat(64),
  proof: null,
  smoke: null,
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

const { conversion: CONVERSION } = PROVEN;
const INT8 = { kept: false, reason: 'the least cosine is 0.9; at least 0.99 is kept' };

describe('weights that are to be in int8', () => {
  const said = (optimize: 'auto' | 'int8', conversion: object) =>
    keptInFull({ optimize }, { conversion: { ...CONVERSION, ...conversion } });

  it('and are served in full say why, and what else can be done', () => {
    expect(said('int8', { int8: INT8 })).toBe(
      'runtime.optimize is int8, but the weights are served in full: the least cosine is 0.9; at least 0.99 is kept. Take runtime.optimize out of model.yaml; or quantize it with texts of its own (`onnxruntime.quantization.quantize_static`) and upload that model.onnx in the place of the safetensors.',
    );
  });

  it('and are not even ONNX say why not', () => {
    expect(said('int8', { kept: false, reason: 'an operator is missing' })).toContain(
      'in full: an operator is missing',
    );
  });

  it('say nothing where they are, where nothing was built, or nobody asked', () => {
    expect(said('int8', { int8: { ...INT8, kept: true } })).toBeUndefined();
    expect(keptInFull({ optimize: 'int8' }, null)).toBeUndefined();
    expect(said('auto', {})).toBeUndefined();
  });
});

const exported = (value: string) => [{ Name: 'BUILT', Value: value }];
const read = (over: object = {}, runtime: RuntimeName = 'onnx') =>
  readImage('digits-1', exported(JSON.stringify({ ...BUILT, ...over })), runtime);

describe('what a build exports', () => {
  it('is the image with its sizes', () => {
    expect(read()).toEqual({ tag: 'digits-1', ...BUILT });
  });

  it('tells what its image took when it was started', () => {
    const smoke = { startMs: 812, peakBytes: 118_620_160 };

    expect(read({ smoke })).toMatchObject({ smoke, proof: null });
  });

  it('tells how a model that was loaded is served', () => {
    expect(read({ proof: PROVEN }, 'python').proof).toEqual(PROVEN);
  });

  it('is refused without the proof of a model that was to be loaded', () => {
    expect(() => read({}, 'python')).toThrow('the build of digits-1 exported no proof');
  });

  it.each([
    { digest: 'latest' },
    { compressedBytes: 0 },
    { uncompressedBytes: 1.5 },
    { artifactSha256: '' },
    { smoke: { startMs: 1 } },
    { smoke: { startMs: 1, peakBytes: 0 } },
    { proof: {} },
    { proof: { ...PROVEN, runtime: 'java' } },
  ])('is refused by name with %j', (wrong) => {
    const [name] = Object.keys(wrong);

    expect(() => read(wrong)).toThrow(
      expect.objectContaining({ name: 'BuildFailed', message: expect.stringContaining(`${name}`) }),
    );
  });

  it('that is forged is refused in a sentence, with what to do', () => {
    const forged = { proof: { ...PROVEN, packages: 'all', peakBytes: -1 } };

    expect(() => read(forged)).toThrow(
      expect.objectContaining({
        message:
          'the build of digits-1 exported as BUILT what is not the record of a build: proof.peakBytes is missing, or not what belongs there',
        fix: expect.stringContaining('upload it again'),
      }),
    );
  });

  it.each(['', '{', 'null'])('is refused when it is `%s`', (text) => {
    const refused = expect.stringMatching(/^the build of digits-1 exported as BUILT /);

    expect(() => readImage('digits-1', exported(text), 'onnx')).toThrow(
      expect.objectContaining({ message: refused }),
    );
  });

  it('is refused when it is missing', () => {
    expect(() => readImage('digits-1', [], 'onnx')).toThrow('exported as BUILT');
  });
});

describe('what serves a model', () => {
  const planned = { runtime: 'python', modelFile: 'm.ubj' } as const;

  it('is what was planned, where nothing was built or converted', () => {
    expect(servedBy(planned, null)).toEqual(planned);
    expect(servedBy(planned, read())).toEqual(planned);
  });

  it('is what the build made of it', () => {
    expect(servedBy(planned, read({ proof: PROVEN }))).toEqual({
      runtime: 'onnx',
      modelFile: 'model.onnx',
    });
  });
});
