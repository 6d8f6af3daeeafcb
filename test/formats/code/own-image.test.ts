import { manifestSchema } from '#domain/manifest/manifest.ts';
import { inspectFiles } from '#formats/inspect.ts';
import { memoryFile } from '../../support/bytes/archive-files.ts';

const IMAGE = `registry.example.com/team/bento@sha256:${'a'.repeat(64)}`;

const inspect = (files: readonly string[], said: object) =>
  inspectFiles(
    files.map((name) => memoryFile(name, 'x')),
    { maxBytes: 1e6, manifest: manifestSchema.parse(said) },
  );

describe('an image of its owner’s own', () => {
  it.each([
    ['the image that the manifest names', [], { runtime: { image: IMAGE } }, IMAGE],
    ['its Dockerfile', ['Dockerfile', 'm.pkl'], { runtime: { port: 3000 } }, 'Dockerfile'],
    [
      'a Dockerfile at its usual place',
      ['Dockerfile'],
      { model: { format: 'custom' } },
      'Dockerfile',
    ],
    [
      'one beside other models',
      ['Dockerfile', 'a.onnx', 'predict.py'],
      { runtime: { requestPath: '/p' } },
      'Dockerfile',
    ],
  ])('is known by %s', async (_, files, said, version) => {
    expect(await inspect(files, said)).toMatchObject({
      format: 'custom',
      formatVersion: version,
      modelFile: '.',
      unpacking: [],
      sizeBytes: files.length,
      signature: null,
      memory: [],
    });
  });

  it.each([
    ['has no Dockerfile', ['a.onnx'], { runtime: { port: 1 } }, 'there is no Dockerfile'],
    ['is a Dockerfile below', ['a/Dockerfile'], { runtime: { port: 1 } }, 'there is no Dockerfile'],
    [
      'is two',
      ['Dockerfile'],
      { runtime: { image: IMAGE } },
      'the limit is one image per artifact',
    ],
    [
      'is said to be something else',
      ['a.onnx'],
      { model: { format: 'onnx' }, runtime: { healthPath: '/h' } },
      'model.yaml says `runtime.healthPath`',
    ],
  ])('is refused where it %s', async (_, files, said, message) => {
    await expect(inspect(files, said)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining(message),
      fix: expect.stringMatching(/./),
    });
  });

  it('is not taken for one without a word of its owner, who is told what to say', async () => {
    await expect(inspect(['Dockerfile', 'a.onnx'], {})).rejects.toMatchObject({
      fix: expect.stringContaining(
        'runtime: { port: 8080, healthPath: /ping, requestPath: /invocations }',
      ),
    });
  });

  it.each([
    'bento:latest',
    'bento@sha256:abc',
    `a b@sha256:${'a'.repeat(64)}`,
    `-v@sha256:${'a'.repeat(64)}`,
  ])('is named by its digest, and not as %s', (image) => {
    expect(manifestSchema.safeParse({ runtime: { image } }).success).toBe(false);
  });

  it.each(['predict', '/a?b=c', '/a b', '//[', ''])('has no path such as `%s`', (path) => {
    expect(manifestSchema.safeParse({ runtime: { requestPath: path } }).success).toBe(false);
  });
});
