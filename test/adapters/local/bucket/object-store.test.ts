import { link, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ObjectStore, objectStore } from '#adapters/local/bucket/object-store.ts';
import { sha256 } from '../../../support/local/bucket-folder.ts';
import { asRoot, needing } from '../../../support/needs.ts';

let folder: string;
let objects: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-objects-'));
  objects = objectStore(join(folder, 'objects'));
});
afterEach(() => rm(folder, { recursive: true }));

async function* bytesOf(text: string) {
  yield Buffer.from(text);
}

async function written(text: string): Promise<string> {
  using object = await objects.write(bytesOf(text), text.length);
  return object.sha256;
}

describe('an object', () => {
  it('stays the same file when its bytes are written again', async () => {
    const path = objects.path(await written('weights'));
    const { ino } = await stat(path);

    await written('weights');

    expect((await stat(path)).ino).toBe(ino);
    expect(await readdir(join(folder, 'objects'))).toEqual([sha256('weights')]);
  });

  it('may be a file that lies on its disk, which becomes it or is gone where it is there already', async () => {
    const laid = join(folder, 'laid');
    for (const written of ['first', 'again']) {
      await writeFile(laid, 'weights');
      using object = await objects.adopt(laid);

      expect({ written, object }).toMatchObject({
        object: { sha256: sha256('weights'), sizeBytes: 7 },
      });
      expect(await readFile(objects.path(object.sha256), 'utf8')).toBe('weights');
      expect((await stat(objects.path(object.sha256))).mode & 0o777).toBe(0o444);
      expect(await readdir(folder)).toEqual(['objects']);
    }
  });

  it('can be linked at any moment while many write its bytes again', async () => {
    const path = objects.path(await written('weights'));
    let writing = 8;
    const writers = Array.from({ length: writing }, async () => {
      for (let count = 0; count < 25; count += 1) await written('weights');
      writing -= 1;
    });
    const failed: unknown[] = [];

    for (let count = 0; writing > 0; count += 1) {
      const laid = join(folder, String(count));
      await link(path, laid).catch((error: unknown) => failed.push(error));
      await rm(laid, { force: true });
    }
    await Promise.all(writers);

    expect(failed).toEqual([]);
  });

  needing(asRoot, () => {
    it('is not mended by a file that cannot be read, however often that is tried', async () => {
      const closed = join(folder, 'closed');
      await writeFile(closed, 'weights', { mode: 0 });
      const mended = [];

      for (let count = 0; count < 50; count += 1) {
        mended.push(await objects.mend(sha256('weights'), [closed]));
      }

      expect(new Set(mended)).toEqual(new Set([false]));
    });
  });

  it('is replaced when its file no longer has its bytes', async () => {
    const path = objects.path(await written('weights'));
    await rm(path);
    await writeFile(path, 'weighty');

    await written('weights');

    expect(await readFile(path, 'utf8')).toBe('weights');
  });

  it('is not removed while somebody who has just written it holds it, or needs it', async () => {
    const path = objects.path(await written('weights'));
    {
      using object = await objects.write(bytesOf('weights'), 7);
      expect(await objects.remove(object.sha256, () => false)).toBe(false);
    }

    expect(await objects.remove(sha256('weights'), () => true)).toBe(false);
    expect(await readFile(path, 'utf8')).toBe('weights');
    expect(await objects.remove(sha256('weights'), () => false)).toBe(true);
    await expect(readFile(path)).rejects.toThrow('ENOENT');
  });
});
