import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { soundVersion } from '#adapters/local/bucket/sound-objects.ts';
import { type KeptFolder, keptFolder } from '../../../support/local/data-folder.ts';

const OTHER_BYTES = 'has other bytes than it was stored with';

let kept: KeptFolder;
beforeEach(() => {
  kept = keptFolder();
});
afterEach(() => kept.close());

/** The path of a key's file in the bucket, whose folder is there. */
function inBucket(key: string): string {
  const path = join(kept.folder.dataDir, 'bucket', key);
  mkdirSync(dirname(path), { recursive: true });
  return path;
}

describe('an object that has lost its bytes', () => {
  it('is taken again from a file of the bucket that has them, under whichever key', async () => {
    const { key, sha256 } = await kept.store('weights');
    const other = await kept.store('weights', 'models/other/other.onnx');
    kept.rot({ sha256 });
    writeFileSync(inBucket(key), 'newer');
    writeFileSync(inBucket(other.key), 'weights');

    expect(await kept.folder.soundObject(sha256)).toBeUndefined();
    expect(readFileSync(kept.folder.objects.path(sha256), 'utf8')).toBe('weights');
  });

  it('is taken again too when it is gone', async () => {
    const { key, sha256 } = await kept.store('weights');
    writeFileSync(inBucket(key), 'weights');
    rmSync(kept.folder.objects.path(sha256));

    expect(await kept.folder.soundObject(sha256)).toBeUndefined();
  });

  it('stays as it is where the bucket has other bytes, and never by a link', async () => {
    const { key, sha256 } = await kept.store('weights');
    kept.rot({ sha256 });
    const aside = join(kept.root, 'aside');
    writeFileSync(aside, 'weights');
    symlinkSync(aside, inBucket(key));

    expect(await kept.folder.soundObject(sha256)).toBe(OTHER_BYTES);
    expect(readFileSync(kept.folder.objects.path(sha256), 'utf8')).toBe('rotten');
  });

  it('is not given to a build or an inspection, and what to do is said', async () => {
    const version = await kept.store('weights');
    kept.rot(version);

    await expect(soundVersion(version, kept.folder.objects)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: `objects/${version.sha256}, which has the bytes of ${version.key}, ${OTHER_BYTES}`,
      fix: `Upload ${version.key} again.`,
    });
  });
});
