import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
