import { createHash } from 'node:crypto';
import { type BuiltImage, readImage } from '#domain/image.ts';
import { addConstantModel } from '../support/onnx-models.ts';
import { CRANE, docker, LAMBDA_USER, output } from './docker.ts';
import { type ImageWorld, openImageWorld, say, timed } from './image-world.ts';
import { startRaceLost } from './registry.ts';

const plusOne = addConstantModel({ constant: 1 });
const plusTwo = addConstantModel({ constant: 2 });

describe('the image that a build leaves', () => {
  let world: ImageWorld;
  let image: BuiltImage;
  beforeAll(async () => {
    world = await openImageWorld();
    image = await timed('first build', () => world.build('digits-1', { 'model.onnx': plusOne }));
    say(`${image.compressedBytes} bytes compressed, ${image.uncompressedBytes} uncompressed`);
  });
  afterAll(() => world.close());

  it('is one manifest for one platform, with gzip layers and the artifact’s sha256', async () => {
    const manifest = await world.manifestOf(image);
    const config = JSON.parse(await output(CRANE, 'config', '--insecure', world.byDigest(image)));

    expect(manifest.manifests).toBeUndefined();
    for (const { mediaType } of manifest.layers) expect(mediaType).toMatch(/[.+]gzip$/);
    expect([config.os, config.architecture]).toEqual(['linux', 'amd64']);
    const sha256 = createHash('sha256').update(plusOne).digest('hex');
    expect(image.artifactSha256).toBe(sha256);
    expect(config.config.Labels).toEqual({ 'slipway.artifact-sha256': sha256 });
  });

  it('has the sizes that its build exported', async () => {
    const { config, layers } = await world.manifestOf(image);
    const sizes = [config, ...layers].map(({ size }) => size);
    const unpacked = await Promise.all(
      layers.map(async ({ digest }: { digest: string }) => {
        const blob = `${CRANE} blob --insecure ${world.repository}@${digest} | gunzip`;
        // The sizes of the files, without what tar adds.
        const count = `tar --list --verbose | awk '{ bytes += $3 } END { printf "%d", bytes }'`;
        return Number(await output('bash', '-o', 'pipefail', '-c', `${blob} | ${count}`));
      }),
    );

    const sum = (list: readonly number[]) => list.reduce((total, size) => total + size, 0);
    expect(image.compressedBytes).toBe(sum(sizes));
    // The engine also counts the names that links hold.
    expect(image.uncompressedBytes / sum(unpacked)).toBeCloseTo(1, 3);
  });

  it('carries of onnxruntime what this processor needs, and no build tools', async () => {
    const find = ['/opt', '-name', '*.node', '-o', '-name', 'esbuild', '-o', '-name', '*.so.1'];
    const found = await docker(
      'run',
      '--rm',
      '--entrypoint',
      'find',
      world.byDigest(image),
      ...find,
    );

    const bin = '/opt/runtime/node_modules/onnxruntime-node/bin/napi-v6/linux/x64';
    expect(found.split('\n').toSorted()).toEqual([
      `${bin}/libonnxruntime.so.1`,
      `${bin}/onnxruntime_binding.node`,
    ]);
  });

  it('is adopted by another build of the same bytes and tag', async () => {
    const answer = await timed('a build that adopts', () =>
      world.run('digits-1', { 'model.onnx': plusOne }),
    );

    expect(await world.logOf(answer)).toContain('adopted');
    expect(await world.logOf(answer)).not.toContain('load build definition');
    expect(readImage('digits-1', answer.ExportedEnvironmentVariables)).toEqual(image);
  });

  it('is not overwritten by other bytes under the same tag', async () => {
    const answer = await world.run('digits-1', { 'model.onnx': plusTwo });

    expect(answer.BuildStatus).toBe('FAILED');
    expect(await world.logOf(answer)).toMatch(/digits-1 holds another artifact/);
    expect(await output(CRANE, 'digest', '--insecure', `${world.repository}:digits-1`)).toBe(
      image.digest,
    );
  });

  it('is adopted by a build that finds its tag taken only when it pushes', async () => {
    const front = await startRaceLost(world.registry, 'digits-1');
    const REPOSITORY = `${front.host}/slipway/models`;

    const answer = await world.run('digits-1', { 'model.onnx': plusOne }, { REPOSITORY });
    await front.close();

    expect(await world.logOf(answer)).toContain('already exists and is immutable');
    expect(readImage('digits-1', answer.ExportedEnvironmentVariables)).toEqual(image);
  });

  it('shares with the next model’s image all layers but the last', async () => {
    const next = await timed('the next model’s build', () =>
      world.build('shapes-1', {
        'weights/shapes.onnx': plusTwo,
        '.dockerignore': Buffer.from('*'),
      }),
    );

    const [one, other] = [await world.manifestOf(image), await world.manifestOf(next)];
    expect(other.layers.slice(0, -1)).toEqual(one.layers.slice(0, -1));
    expect(other.layers.at(-1)).not.toEqual(one.layers.at(-1));
    const listed = await docker(
      ...['run', '--rm', '--user', LAMBDA_USER, '--entrypoint', 'sha256sum', world.byDigest(next)],
      ...['/opt/model/.dockerignore', '/opt/model/weights/shapes.onnx'],
    );
    const listing = `${listed.replaceAll('/opt/model/', '')}\n`;
    expect(createHash('sha256').update(listing).digest('hex')).toBe(next.artifactSha256);
  });

  it('explains in its log why it could not be built', async () => {
    const missing = { WEB_ADAPTER_IMAGE: `${world.registry.host}/no/such:adapter` };
    const answer = await world.run('digits-3', { 'model.onnx': plusOne }, missing);

    expect(answer.BuildStatus).toBe('FAILED');
    expect(await world.logOf(answer)).toMatch(/no\/such:adapter: not found/);
  });

  it('never has a signed URL in its log', async () => {
    const url = `${world.artifact({ 'model.onnx': plusOne })}?X-Amz-Signature=secret`;
    const answer = await world.run('digits-1', {}, { ARTIFACT_URL: url });

    expect(answer.BuildStatus).toBe('SUCCEEDED');
    expect(await world.logOf(answer)).not.toContain('secret');
  });
});
