import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { grantedOrder } from '#adapters/local/builds/grants.ts';
import { rebuilding } from '#adapters/local/builds/rebuild.ts';
import { revisionSpec } from '../../../support/worlds/revision-spec.ts';

const spec = revisionSpec('bytes', {
  image: {
    tag: 'digits',
    digest: `sha256:${'1'.repeat(64)}`,
    compressedBytes: 1,
    uncompressedBytes: 1,
    artifactSha256: '1'.repeat(64),
    proof: null,
    smoke: null,
  },
});

let grants: string;
beforeEach(async () => {
  grants = await mkdtemp(join(tmpdir(), 'slipway-grants-'));
  await writeFile(join(grants, `${spec.deploymentId}.json`), '{}');
});
afterEach(() => rm(grants, { recursive: true }));

/** A rebuilder of images whose builds repair the image or do not. */
function world({ helps }: { readonly helps: boolean }) {
  const now = { isSound: false, builds: 0 };
  const { rebuilt } = rebuilding({
    grants,
    async build() {
      now.builds += 1;
      now.isSound = helps;
    },
    isSound: async () => now.isSound,
    noted: () => undefined,
  });
  return { now, rebuilt };
}

it('an image that is damaged once more is built once more', async () => {
  const { now, rebuilt } = world({ helps: true });
  await rebuilt(spec);
  now.isSound = false;

  expect(await rebuilt(spec)).toBe(true);
  expect(now).toEqual({ isSound: true, builds: 2 });
});

it('an image that a build has not mended is not built again', async () => {
  const { now, rebuilt } = world({ helps: false });

  expect([await rebuilt(spec), await rebuilt(spec)]).toEqual([false, false]);
  expect(now.builds).toBe(1);
});

it('servers that start at once wait for the same build', async () => {
  const { now, rebuilt } = world({ helps: true });

  expect(await Promise.all([rebuilt(spec), rebuilt(spec)])).toEqual([true, true]);
  expect(now.builds).toBe(1);
});

describe('an image whose order an earlier Slipway has written', () => {
  // As 0.1.0 wrote it.
  const EARLIER = {
    runtime: 'python',
    environmentHash: 'abc',
    python: { python: '3.12', orElse: [], requirements: ['scikit-learn==1.8.0'] },
    environments: {},
    previousImage: null,
    wishes: { optimize: 'auto' },
    server: { port: 8080, healthPath: '/ping', requestPath: null },
    startupSeconds: 60,
    format: 'sklearn',
    unpacking: [],
    modelFile: 'model.joblib',
    entrypoint: 'sklearn.pipeline.Pipeline',
    data: null,
    allowed: ['mine.Scaler'],
    needsGpu: false,
    signature: null,
    takesColumns: true,
    example: { inputs: [[1, 2]] },
    converts: true,
  };
  const grant = () => join(grants, `${spec.deploymentId}.json`);
  const FILES = [{ name: 'model.joblib', sizeBytes: 1, url: 'file:///a' }];
  const write = (order: object) => writeFile(grant(), JSON.stringify({ order, files: FILES }));

  it('is built by the same order in the form of today', async () => {
    await write(EARLIER);

    expect(await world({ helps: true }).rebuilt(spec)).toBe(true);
    const { order, files } = JSON.parse(await readFile(grant(), 'utf8'));
    expect(files).toEqual(FILES);
    const { runtime, environmentHash, python, environments, previousImage } = EARLIER;
    const { wishes, server, startupSeconds } = EARLIER;
    expect(order).toEqual({
      ...{ runtime, environmentHash, python, environments, previousImage },
      ...{ wishes: { ...wishes, network: 'none' }, server, startupSeconds },
      facts: {
        format: 'sklearn',
        unpacking: [],
        modelFile: 'model.joblib',
        entrypoint: 'sklearn.pipeline.Pipeline',
        allowed: ['mine.Scaler'],
        needsGpu: false,
        signature: null,
        takesColumns: true,
        example: { inputs: [[1, 2]] },
        brings: 'data',
        network: 'none',
      },
      keptBecause: null,
      imports: expect.any(Array),
    });
    expect(await grantedOrder(pathToFileURL(grant()).href)).toEqual(order);
  });

  it('is not converted where it was not', async () => {
    await write({ ...EARLIER, converts: false });

    await world({ helps: true }).rebuilt(spec);

    const { order } = JSON.parse(await readFile(grant(), 'utf8'));
    expect(order.keptBecause).toMatch(/did not convert it/);
  });

  it('keeps an order of today as it is', async () => {
    const today = { environmentHash: 'abc', facts: { format: 'sklearn' }, wishes: {} };
    await write(today);

    await world({ helps: true }).rebuilt(spec);

    expect(JSON.parse(await readFile(grant(), 'utf8')).order).toEqual(today);
  });
});
