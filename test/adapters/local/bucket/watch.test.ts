import { writeFileSync } from 'node:fs';
import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { eventually } from '../../../support/clock/eventually.ts';
import { type WatchedFolder, watchedFolder } from '../../../support/local/watched-folder.ts';
import { asRoot, needing } from '../../../support/needs.ts';

const A = 'models/a/a.onnx';
const B = 'models/a/b.onnx';

let folder: WatchedFolder;
beforeEach(async () => {
  folder = await watchedFolder();
});
afterEach(() => folder.close());

describe('a file in a watched bucket', () => {
  beforeEach(() => folder.watch.start());

  it('is due in folders that were made in the same moment', async () => {
    const keys = Array.from({ length: 20 }, (_, i) => `models/new-${i}/very/deep/a.onnx`);

    await Promise.all(
      keys.map(async (key) => {
        await mkdir(dirname(folder.path(key)), { recursive: true });
        writeFileSync(folder.path(key), key);
      }),
    );

    await eventually(() => folder.due.length === keys.length);
    expect(folder.dueKeys().toSorted()).toEqual(keys.toSorted());
  });

  it('is due in a folder that was moved in, and so is what comes there later', async () => {
    await mkdir(folder.outside('folder/inside'), { recursive: true });
    await writeFile(folder.outside('folder/inside/a.onnx'), 'weights');

    await rename(folder.outside('folder'), folder.path('models/moved'));
    await folder.isDue('models/moved/inside/a.onnx');
    await folder.moveIn('models/moved/inside/b.onnx');

    await folder.isDue('models/moved/inside/b.onnx');
  });

  it('is due under its new path when its folder is renamed, and gone under the old one', async () => {
    await folder.moveIn(A);
    await folder.isDue(A);

    await rename(folder.path('models/a'), folder.path('models/z'));
    await folder.isDue('models/z/a.onnx');
    await folder.isGone(A);
    await folder.moveIn('models/z/b.onnx');

    await folder.isDue('models/z/b.onnx');
  });

  it('is due in a folder that was deleted and made again', async () => {
    await folder.moveIn(A);
    await folder.isDue(A);
    await rm(folder.path('models'), { recursive: true });
    await folder.isGone(A);

    await folder.moveIn(B);

    await folder.isDue(B);
  });

  it('is not due behind a link to a folder, which is due itself', async () => {
    await mkdir(folder.outside('elsewhere'));
    await writeFile(folder.outside('elsewhere/secret.onnx'), 'secret');
    await symlink(folder.outside('elsewhere'), folder.path('models/link'));

    await folder.isDue('models/link');
    await folder.moveIn(A);
    await folder.isDue(A);

    expect(folder.dueKeys()).toEqual(['models/link', A]);
  });

  it('is told of when its name is not valid UTF-8', async () => {
    const name = Buffer.concat([
      Buffer.from(folder.path('models/a/')),
      Buffer.from([0xff, 0x2e, 0x78]),
    ]);
    await writeFile(name, 'weights');
    await eventually(() => folder.told.length > 0);
    await folder.watch.scan();

    expect(folder.told.map(({ message }) => message)).toEqual([
      'the name of models/a/\uFFFD.x is not valid UTF-8',
    ]);
  });
});

describe('a watch of a bucket', () => {
  it('finds what was there before it', async () => {
    await folder.moveIn(A);
    await writeFile(folder.path(B), 'weights');

    await folder.watch.start();

    await folder.isDue(A);
    await folder.isDue(B);
  });

  it('says once that the bucket is gone, and goes on when it is back', async () => {
    await folder.watch.start();
    await rename(folder.root, folder.outside('away'));
    await folder.watch.scan();
    await folder.watch.scan();

    expect(folder.told.map(({ name }) => name)).toEqual(['PlatformUnavailable']);

    await rename(folder.outside('away'), folder.root);
    await folder.watch.scan();
    await folder.moveIn(A);
    await folder.isDue(A);
  });

  it('watches a new bucket folder in the place of the old one', async () => {
    await folder.watch.start();
    await rename(folder.root, folder.outside('away'));
    await mkdir(folder.path('models/a'), { recursive: true });
    await folder.watch.scan();

    await folder.moveIn(A);

    await folder.isDue(A);
    expect(folder.told).toEqual([]);
  });

  it('tells again and again of what does not get known, without an event', async () => {
    const restless = await watchedFolder({ rescanMs: 20, knows: false });
    await restless.moveIn(A);

    await restless.watch.start();
    await eventually(() => restless.due.length >= 3);
    await restless.close();

    expect(new Set(restless.dueKeys())).toEqual(new Set([A]));
  });

  it('works through a bucket folder that is a link', async () => {
    await rename(folder.root, folder.outside('disk'));
    await symlink(folder.outside('disk'), folder.root);
    await folder.watch.start();

    await folder.moveIn(A);

    await folder.isDue(A);
  });

  needing(asRoot, () => {
    it.each([
      ['read', 0o300],
      ['searched', 0o600],
      ['read or searched', 0],
    ])(
      'says once that a folder cannot be %s, takes what is beside it, and goes on when it can',
      async (_, mode) => {
        const closed = 'models/closed';
        for (const name of ['a', 'b']) await folder.moveIn(`${closed}/${name}.onnx`);
        await chmod(folder.path(closed), mode);
        await folder.moveIn(A);

        await folder.watch.start();
        await folder.isDue(A);
        await folder.watch.scan();
        const told = folder.told.map(({ name, message }) => [name, message]);
        await chmod(folder.path(closed), 0o700);
        await folder.isDue(`${closed}/a.onnx`);

        expect(told).toEqual([['PlatformDenied', `${folder.path(closed)}: access is denied`]]);
      },
    );

    it('says once that a folder whose files it knows cannot be read any more', async () => {
      const closed = 'models/closed';
      const keys = ['a', 'b'].map((name) => `${closed}/${name}.onnx`);
      for (const key of keys) await folder.moveIn(key);
      await folder.watch.start();
      for (const key of keys) await folder.isDue(key);

      await chmod(folder.path(closed), 0);
      await folder.watch.scan();
      await folder.watch.scan();
      const told = folder.told.map(({ name, message }) => [name, message]);
      await chmod(folder.path(closed), 0o700);

      expect(told).toEqual([['PlatformDenied', `${folder.path(closed)}: access is denied`]]);
      expect(folder.dueKeys().toSorted()).toEqual(keys);
    });

    it('says once that the bucket itself cannot be read', async () => {
      await chmod(folder.root, 0);

      await folder.watch.start();
      await folder.watch.scan();
      const told = folder.told.map(({ name }) => name);
      await chmod(folder.root, 0o700);
      await folder.watch.scan();
      await folder.moveIn(A);

      await folder.isDue(A);
      expect(told).toEqual(['PlatformDenied']);
    });
  });

  it('is over when it is closed', async () => {
    const open = await watchedFolder();
    for (const each of [folder, open]) {
      await each.watch.start();
      await writeFile(each.path(A), 'weights');
    }

    folder.watch.close();
    await folder.moveIn(B);
    await open.isDue(A);
    await open.close();

    expect(folder.due).toEqual([]);
  });
});
