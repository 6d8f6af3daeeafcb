import { randomFillSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { containerLabel, containerServers } from '#adapters/local/servers/container-servers.ts';
import type { EnvironmentImage } from '#domain/build/environment-image.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { ORDER } from '../support/worlds/build-order.ts';
import { docker, dockerFolder } from './docker.ts';
import { type Files, type ImageWorld, ONNX, openImageWorld } from './image-world.ts';
import { startCounting } from './registry.ts';

const MIB = 1024 * 1024;
const random = (mib: number) => randomFillSync(Buffer.alloc(mib * MIB));

const first: Files = {
  'model.onnx': addConstantModel({ constant: 1 }),
  'weights/part-1.bin': random(300),
  'weights/part-2.bin': random(250),
};
const changed: Files = { ...first, 'model.onnx': addConstantModel({ constant: 2 }) };
const retrained: Files = { ...changed, 'weights/part-2.bin': random(250) };

describe('the weights of a model in a registry', () => {
  let world: ImageWorld;
  beforeAll(async () => {
    world = await openImageWorld();
  });
  afterAll(() => world.close());

  /** The layers that a build pushes, and how many bytes it uploaded for them. */
  async function pushed(tag: string, files: Files, previousImage: string | null) {
    const front = await startCounting(world.registry);
    const variables = {
      REPOSITORY: `${front.host}/slipway/models`,
      ENVIRONMENTS: `${front.host}/slipway/environments`,
      ARTIFACT_URL: world.artifact(files, { ...ORDER, previousImage }),
    };
    const image = await world.imageOf(tag, await world.run(tag, {}, variables));
    await front.close();
    const { layers } = await world.manifestOf(image);
    const digests: readonly string[] = layers.map(({ digest }: { digest: string }) => digest);
    const sizes: readonly number[] = layers.map(({ size }: { size: number }) => size);
    return { image, digests, sizes, uploadedBytes: front.uploadedBytes() };
  }

  it('are layers of their own, uploaded once for all versions that have them', async () => {
    const one = await pushed('heavy-1', first, null);
    const two = await pushed('heavy-2', changed, 'heavy-1');
    const three = await pushed('heavy-3', retrained, 'heavy-2');

    expect(one.uploadedBytes).toBeGreaterThan(550 * MIB);
    expect(two.uploadedBytes).toBeLessThan(MIB);
    expect(three.uploadedBytes).toBeGreaterThan(250 * MIB);
    expect(three.uploadedBytes).toBeLessThan(251 * MIB);
    expect(two.digests.slice(0, -1)).toEqual(one.digests.slice(0, -1));
    expect(three.digests.slice(0, -2)).toEqual(one.digests.slice(0, -2));
    expect(three.digests.at(-1)).toBe(two.digests.at(-1));
    expect(new Set([one, two, three].map(({ digests }) => digests.slice(-2).join())).size).toBe(3);
  });

  it('are in the record of the build, each with its compressed size', async () => {
    const { image, sizes } = await pushed('heavy-1', first, null);

    expect(sizes.length).toBeGreaterThan(2);
    expect(image.layers).toEqual(sizes);
  });

  it('are uploaded again where the version before is gone, to the same layers', async () => {
    const without = await pushed('heavy-4', changed, 'heavy-gone');

    const { digests } = await pushed('heavy-2', changed, null);
    expect(without.digests).toEqual(digests);
  });

  it('are all in the image that is started, with the folders as they are', async () => {
    const { image } = await pushed('heavy-3', retrained, null);
    const listed = await docker(
      ...['run', '--rm', '--entrypoint', 'sh', world.byDigest(image), '-c'],
      'cd /opt && find facts.json model -printf "%p %m %u %s\n" | sort && cat model/weights/* | sha256sum',
    );

    const sizes = Object.entries(retrained).map(([name, bytes]) => [name, bytes.length]);
    for (const [name, bytes] of sizes) expect(listed).toContain(`model/${name} 644 root ${bytes}`);
    expect(listed).toContain('model/weights 755 root');
  });

  it('go into none of its layers where nothing reads them', async () => {
    const leftOut = ['pytorch_model.bin', 'onnx/model_fp16.onnx'];
    const foreign = Object.fromEntries(leftOut.map((name) => [name, random(20)]));
    const files: Files = { 'model.onnx': addConstantModel({ constant: 1 }), ...foreign };
    const variables = {
      ARTIFACT_URL: world.artifact(files, { ...ORDER, facts: { ...ORDER.facts, leftOut } }),
    };
    const image = await world.imageOf('left-out', await world.run('left-out', {}, variables));
    const served = await world.build('alone', { 'model.onnx': addConstantModel({ constant: 1 }) });
    const listed = await docker(
      ...['run', '--rm', '--entrypoint', 'sh', world.byDigest(image), '-c'],
      'cd /opt/model && find . -type f',
    );

    const sizeOf = async (built: typeof image) =>
      (await world.manifestOf(built)).layers.reduce(
        (sum: number, { size }: { size: number }) => sum + size,
        0,
      );
    expect(listed.trim()).toBe('./model.onnx');
    expect((await sizeOf(image)) - (await sizeOf(served))).toBeLessThan(10_000);
    expect(image.uncompressedBytes - served.uncompressedBytes).toBeLessThan(10_000);
  });

  it('make up the size of an image that is not started in want of a GPU, and not fetched', async () => {
    const { image } = await pushed('heavy-1', first, null);
    const order = {
      ...ORDER,
      runtime: 'vllm',
      facts: { ...ORDER.facts, needsGpu: true },
      environments: { vllm: ONNX.tag },
    };
    const ARTIFACT_URL = world.artifact(first, order);

    const unstarted = await world.imageOf('gpu-1', await world.run('gpu-1', {}, { ARTIFACT_URL }));

    expect(unstarted.smoke).toBeNull();
    expect(unstarted.uncompressedBytes / image.uncompressedBytes).toBeCloseTo(1, 3);
    const here = await docker('image', 'ls', '--quiet', '--no-trunc', '--digests');
    expect(here).not.toContain(unstarted.digest);
  });
});

describe('the weights of a model in an engine', () => {
  it('that a killed build has left without a model are gone with the next start', async () => {
    await using folder = await dockerFolder();
    const empty = join(folder.path, 'empty.tar');
    writeFileSync(empty, Buffer.alloc(1024));
    const imported = (...labels: readonly string[]) => {
      const changes = [containerLabel(folder.path), ...labels];
      const said = changes.flatMap((label) => ['--change', `LABEL ${label}`]);
      return docker('import', ...said, empty);
    };
    const left = await imported('slipway.weights=w1');
    const used = await imported('slipway.weights=w2', 'slipway.artifact-sha256=a');

    await (await containerServers(folder.path)).close();

    const here = await docker('image', 'ls', '--all', '--quiet', '--no-trunc');
    expect(here).not.toContain(left);
    expect(here).toContain(used);
    await docker('image', 'rm', used);
  });

  const local: EnvironmentImage = { ...ONNX, tag: 'onnx-weights' };
  let world: ImageWorld;
  beforeAll(async () => {
    world = await openImageWorld();
    const made = await world.runEnvironments([local], { ENVIRONMENTS: '' });
    if (made.BuildStatus !== 'SUCCEEDED') throw new Error(await world.logOf(made));
  });
  afterAll(() => world.close());

  async function kept(tag: string, files: Files): Promise<readonly string[]> {
    const order = { ...ORDER, environments: { onnx: local.tag } };
    const variables = {
      REPOSITORY: '',
      ENVIRONMENTS: '',
      ARTIFACT_URL: world.artifact(files, order),
    };
    await world.imageOf(tag, await world.run(tag, {}, variables));
    return JSON.parse(await inspected(tag, '{{json .RootFS.Layers}}'));
  }
  const inspected = (tag: string, format: string) =>
    docker('image', 'inspect', '--format', format, `slipway/${tag}`);

  it('are one layer, kept once for all versions that have them, and gone with the last', async () => {
    const one = await kept('heavy-5', first);
    const two = await kept('heavy-6', changed);
    const three = await kept('heavy-7', retrained);
    const weights = await inspected('heavy-5', '{{index .Config.Labels "slipway.weights"}}');
    const holding = () =>
      docker('image', 'ls', '--all', '--quiet', '--filter', `label=slipway.weights=${weights}`);

    expect(two.slice(0, -1)).toEqual(one.slice(0, -1));
    expect(three.slice(0, -2)).toEqual(one.slice(0, -2));
    expect(three.at(-2)).not.toBe(one.at(-2));

    await docker('image', 'rm', 'slipway/heavy-5');
    expect(await holding()).not.toBe('');
    await docker('image', 'rm', 'slipway/heavy-6');
    expect(await holding()).toBe('');
  });
});
