import limits from '#domain/data/lambda-limits.json' with { type: 'json' };
import type { Manifest } from '#domain/manifest/manifest.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { inspectFiles } from '#formats/inspect.ts';
import { parseManifest } from '#formats/manifest/manifest-yaml.ts';
import { inspectArtifact } from '#steps/inspect-artifact.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { BUCKET, type MemoryWorld, memoryWorld } from '../support/worlds/memory.ts';

const BYTES = addConstantModel({ constant: 1 });
const FOLDER = 'models/digits/v1/';

function inspectIn({ deps }: MemoryWorld) {
  const inspect = (files: readonly ArtifactFile[], manifest: Manifest) =>
    inspectFiles(files, { maxBytes: limits.imageUncompressedMaxBytes, manifest });
  return inspectArtifact({ ...deps, inspect, parseManifest });
}

/** A deployment of a folder with these files and the manifest, up to its inspection. */
async function folderOf(world: MemoryWorld, files: Record<string, Uint8Array>, manifest: Buffer) {
  for (const [name, bytes] of Object.entries(files)) world.store.put(`${FOLDER}${name}`, bytes);
  const { versionId } = world.store.put(`${FOLDER}model.yaml`, manifest);
  const object = { key: `${FOLDER}model.yaml`, 'version-id': versionId };
  return world.before('InspectArtifact', { detail: { bucket: { name: BUCKET }, object } });
}

describe('an inspection', () => {
  it('records what the bytes and the manifest say, and announces it', async () => {
    const world = memoryWorld();
    const event = world.upload({ bytes: BYTES, manifest: 'resources: { memory: 512Mi }' });
    const held = await world.before('InspectArtifact', event);

    await inspectIn(world)(held);

    const { phase, work } = await world.recordOf(held);
    expect(phase).toBe('Inspected');
    expect(work.inspection).toMatchObject({
      facts: { format: 'onnx', modelFile: 'model.onnx', sizeBytes: BYTES.length },
      manifest: { resources: { memory: '512Mi' } },
    });
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Inspected',
      data: {
        format: 'onnx',
        sizeBytes: BYTES.length,
        parameters: 1,
        inputs: [{ name: 'x', datatype: 'FP32', shape: [-1] }],
        outputs: [{ name: 'y', datatype: 'FP32', shape: [-1] }],
      },
    });
  });

  it('reads the version that was admitted, whatever was uploaded since', async () => {
    const world = memoryWorld();
    const held = await world.before('InspectArtifact', world.upload({ bytes: BYTES }));
    world.store.put('models/digits/model.onnx', Buffer.from('something else'));

    await inspectIn(world)(held);

    expect((await world.told()).at(-1)?.state).toBe('Inspected');
  });

  it('that is done reads nothing again', async () => {
    const world = memoryWorld();
    const held = await world.before('InspectArtifact');
    await inspectIn(world)(held);
    const [ref] = (await world.recordOf(held)).artifact.parts;
    world.store.expire({ ...ref!, bucket: BUCKET });

    await inspectIn(world)(held);

    expect((await world.told()).map(({ state }) => state)).toEqual(['Admitted', 'Inspected']);
  });

  it('takes an empty model.yaml for an empty manifest', async () => {
    const world = memoryWorld();
    const held = await folderOf(world, { 'model.onnx': BYTES }, Buffer.from(''));

    await inspectIn(world)(held);

    const { work } = await world.recordOf(held);
    expect(work.inspection?.manifest.server.startupTimeoutSeconds).toBe(300);
  });
});

describe('an artifact is rejected', () => {
  it.each([
    {
      why: 'it is no model',
      files: { 'model.onnx': Buffer.from('no model at all') },
      manifest: '',
      message: /model\.onnx/,
    },
    {
      why: 'its manifest has a typo',
      files: { 'model.onnx': BYTES },
      manifest: 'servr: {}',
      message: /models\/digits\/v1\/model\.yaml line 1/,
    },
    {
      why: 'its manifest is no text',
      files: { 'model.onnx': BYTES },
      manifest: Buffer.from([0xff, 0xfe, 0x00]),
      message: /is not UTF-8 text/,
    },
    {
      why: 'its manifest is huge',
      files: { 'model.onnx': BYTES },
      manifest: '#'.repeat(256 * 1024 + 1),
      message: /is 262145 bytes; the limit for a manifest is 262144/,
    },
    {
      why: 'it has more files than can be deployed',
      files: Object.fromEntries(
        Array.from({ length: 1001 }, (_, part) => [`part-${part}.bin`, Buffer.of(1)]),
      ),
      manifest: '',
      message: /more than 1000 files/,
    },
    {
      why: 'its files have longer names than its record holds',
      files: Object.fromEntries(
        Array.from({ length: 600 }, (_, part) => [`${part}-${'x'.repeat(200)}`, Buffer.of(1)]),
      ),
      manifest: '',
      message: /have more than 100000 bytes in total/,
    },
  ])('because $why', async ({ files, manifest, message }) => {
    const world = memoryWorld();
    const held = await folderOf(world, files as Record<string, Uint8Array>, Buffer.from(manifest));

    const inspection = inspectIn(world)(held);

    await expect(inspection).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringMatching(message),
      fix: expect.stringMatching(/./),
    });
  });

  it('because its version is gone', async () => {
    const world = memoryWorld();
    const held = await world.before('InspectArtifact');
    const [ref] = (await world.recordOf(held)).artifact.parts;
    world.store.expire({ ...ref!, bucket: BUCKET });

    await expect(inspectIn(world)(held)).rejects.toMatchObject({ name: 'ArtifactRejected' });
  });

  it('is not what a store that cannot be read makes of it', async () => {
    const world = memoryWorld();
    const held = await world.before('InspectArtifact');
    world.store.throttle(1);

    await expect(inspectIn(world)(held)).rejects.toMatchObject({ name: 'PlatformThrottled' });
  });
});

it('a thousand files and a manifest can be deployed', async () => {
  const world = memoryWorld();
  const files = Array.from({ length: 999 }, (_, part) => [`a-${part}.bin`, Buffer.of(1)]);
  const held = await folderOf(
    world,
    { ...Object.fromEntries(files), 'model.onnx': BYTES },
    Buffer.from(''),
  );

  await inspectIn(world)(held);

  expect((await world.told()).at(-1)?.state).toBe('Inspected');
});
