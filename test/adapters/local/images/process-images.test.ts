import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { isAbsence } from '#adapters/local/files/file-state.ts';
import { processImages } from '#adapters/local/images/process-images.ts';
import type { BuiltImage } from '#domain/build/image.ts';
import { describeModelImages } from '../../../contracts/model-images.ts';
import { revisionSpec } from '../../../support/worlds/revision-spec.ts';

describeModelImages('processImages', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'slipway-process-images-'));
  return {
    images: processImages(directory),
    async build(tag, bytes) {
      const folder = join(directory, 'images', tag);
      mkdirSync(folder, { recursive: true });
      const digest = createHash('sha256').update(bytes).digest('hex');
      writeFileSync(join(folder, 'digest'), `sha256:${digest}`);
    },
    close: async () => rmSync(directory, { recursive: true }),
  };
});

describe('images of models that are processes', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'slipway-process-images-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const environments = () => readdirSync(join(directory, 'environments')).sort();

  /** Makes the files of a build that has ended, or has only begun. */
  function made(tag: string, environment: string): void {
    mkdirSync(join(directory, 'images', tag, 'model'), { recursive: true });
    mkdirSync(join(directory, 'environments', environment), { recursive: true });
    const name = environment.split('.')[0] ?? '';
    symlinkSync(
      join('..', '..', 'environments', name),
      join(directory, 'images', tag, 'environment'),
    );
  }

  const spec = (revision: string, tag: string) =>
    revisionSpec('v1', { revision, image: imageOf(tag), runtime: 'python' });

  it('go with the last revision of them, and their environment with its last image', async () => {
    made('m-1', 'e1');
    made('m-2', 'e1');
    const images = processImages(directory);
    const [one, two] = [spec('m-v1', 'm-1'), spec('m-v2', 'm-2')];

    await images.discard('m-v1', [one, two]);
    expect(existsSync(join(directory, 'images', 'm-1'))).toBe(false);
    expect(environments()).toEqual(['e1']);

    await images.discard('m-v2', [two]);
    expect(environments()).toEqual([]);
  });

  it('stay while another revision is of the same', async () => {
    made('m-1', 'e1');
    const specs = [spec('m-v1', 'm-1'), spec('m-v2', 'm-1')];

    await processImages(directory).discard('m-v1', specs);

    expect(existsSync(join(directory, 'images', 'm-1'))).toBe(true);
  });

  it('leave no environment half deleted where a build would look for it', async () => {
    made('m-1', 'e1');
    const environment = join(directory, 'environments', 'e1');
    for (let at = 0; at < 2000; at += 1) writeFileSync(join(environment, `package-${at}`), '');
    let isOver = false;
    const removing = processImages(directory)
      .discard('m-v1', [spec('m-v1', 'm-1')])
      .finally(() => {
        isOver = true;
      });

    const seen = new Set<number>();
    while (!isOver) {
      const files = filesIn(environment);
      if (files !== undefined) seen.add(files);
      await setImmediate();
    }

    await removing;
    expect([...seen]).toEqual([2000]);
    expect(environments()).toEqual([]);
  });

  it('leave the environment alone that a build is making', async () => {
    made('m-1', 'e1');
    made('other-1.partial', 'e2.4711.partial');

    await processImages(directory).discard('m-v1', [spec('m-v1', 'm-1')]);

    expect(environments()).toEqual(['e2.4711.partial']);
  });

  it('keep their environment however often builds that end give them another name meanwhile', async () => {
    made('m-1.partial', 'e1');
    const [partial, whole] = ['m-1.partial', 'm-1'].map((tag) => join(directory, 'images', tag));
    const images = processImages(directory);
    let isOver = false;
    const removing = (async () => {
      for (let at = 0; at < 300; at += 1) await images.discard('o-v1', [spec('o-v1', 'o-1')]);
    })().finally(() => {
      isOver = true;
    });

    while (!isOver) {
      await rename(partial!, whole!);
      await rename(whole!, partial!);
    }

    await removing;
    expect(environments()).toEqual(['e1']);
  });

  it('are named though their build did not come to its end, and take what it has left with them', async () => {
    made('m-1', 'e1');
    made('m-2', 'e1');
    made('m-2.partial', 'e2');
    made('m-3.partial', 'e3');
    const images = processImages(directory);

    expect((await images.all()).map(({ tag }) => tag).toSorted()).toEqual(['m-1', 'm-2', 'm-3']);
    for (const tag of ['m-2', 'm-3']) await images.remove({ tag, digest: '' });

    expect(readdirSync(join(directory, 'images'))).toEqual(['m-1']);
    expect(environments()).toEqual(['e1']);
  });

  it('are not sound without the Python environment that they link to', async () => {
    made('m-1', 'e1');
    const images = processImages(directory);
    const python = join(directory, 'environments/e1/bin/python');
    mkdirSync(join(python, '..'));
    writeFileSync(python, '');
    const before = await images.problem(imageOf('m-1'));

    rmSync(join(directory, 'environments/e1'), { recursive: true });

    expect(before).not.toContain('environment');
    expect(await images.problem(imageOf('m-1'))).toBe('has lost its Python environment');
    expect(await images.problem(imageOf('m-1'), {})).toBe('has lost its Python environment');
  });

  it('that are gone cannot be started from', async () => {
    await expect(processImages(directory).require(imageOf('m-1'))).rejects.toMatchObject({
      name: 'RevisionFailed',
      message: `the image m-1 is gone from ${directory}`,
      fix: 'Upload the model again.',
    });
  });
});

function imageOf(tag: string): BuiltImage {
  const sizes = { compressedBytes: 1, uncompressedBytes: 1 };
  return { tag, digest: 'sha256:1', ...sizes, artifactSha256: '1', proof: null, smoke: null };
}

/** The number of files in a folder; undefined where there is no folder. A single look decides, since the folder may disappear between two. */
function filesIn(folder: string): number | undefined {
  try {
    return readdirSync(folder).length;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}
