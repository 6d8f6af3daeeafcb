import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemClock } from '#adapters/clocks.ts';
import { objectVersions } from '#adapters/local/bucket/object-versions.ts';
import { takeFile } from '#adapters/local/bucket/take-file.ts';
import { hideFromBucket, showInBucket } from '#adapters/local/bucket/view.ts';
import { fileAt } from '#adapters/local/files/file-state.ts';
import { eventually } from '../../../support/clock/eventually.ts';
import {
  type BucketFolder,
  bucketFolder,
  objectsAround,
} from '../../../support/local/bucket-folder.ts';
import { unsyncedDatabase } from '../../../support/local/unsynced-database.ts';

const KEY = 'models/shapes/v1/a.onnx';

let folder: BucketFolder;
beforeEach(async () => {
  folder = await bucketFolder();
  await mkdir(dirname(folder.path(KEY)), { recursive: true });
  await writeFile(folder.path(KEY), 'a model');
  await mkdir(folder.outside('closed'));
  await writeFile(folder.outside('closed/a.onnx'), 'secret');
});
afterEach(() => folder.close());

const bucket = () => join(folder.root, 'bucket');

/** Swaps the folder of the key for a link to a closed one. */
async function swap(): Promise<void> {
  await rename(folder.path(dirname(KEY)), folder.outside('aside'));
  await symlink(folder.outside('closed'), folder.path(dirname(KEY)));
}

async function swapBack(): Promise<void> {
  await rm(folder.path(dirname(KEY)));
  await rename(folder.outside('aside'), folder.path(dirname(KEY)));
}

/** Takes the key's file as `look` sees it; returns the outcome, and everything that is stored. */
async function taken(look: () => ReturnType<typeof fileAt>, onWrite = async () => {}) {
  const stored: string[] = [];
  const objects = objectsAround(folder, async (write) => {
    await onWrite();
    const object = await write();
    stored.push(await readFile(objects.path(object.sha256), 'utf8'));
    return object;
  });
  using database = unsyncedDatabase(join(folder.root, 'take.db'));
  const { kind } = await takeFile(
    {
      folder: bucket(),
      objects,
      versions: objectVersions(database, systemClock),
      maxObjectBytes: 1000,
      signal: new AbortController().signal,
    },
    KEY,
    await look(),
  );
  return { kind, stored };
}

describe('a folder of the bucket that is swapped for a link', () => {
  it('before its file is looked at, has nothing of the other folder stored', async () => {
    await swap();

    expect(await taken(() => fileAt(folder.path(KEY)))).toEqual({ kind: 'changed', stored: [] });
  });

  it('between the look and the opening, and back again afterwards, has nothing stored', async () => {
    const look = async () => {
      const state = await fileAt(folder.path(KEY));
      await swap();
      return state;
    };

    expect(await taken(look, swapBack)).toEqual({ kind: 'changed', stored: [] });
  });

  it('leaves a file alone that takes another’s place for as long as it is read', async () => {
    const look = async () => {
      const state = await fileAt(folder.path(KEY));
      await rename(folder.path(KEY), folder.outside('first'));
      await writeFile(folder.path(KEY), 'another');
      return state;
    };
    const putBack = () => rename(folder.outside('first'), folder.path(KEY));

    expect(await taken(look, putBack)).toEqual({ kind: 'changed', stored: [] });
  });

  it('is no folder that an upload is shown in, or that gets folders of its own', async () => {
    await swap();
    const object = folder.outside('object');
    await writeFile(object, 'an upload');

    for (const key of [KEY, 'models/shapes/v1/deep/b.onnx']) {
      await expect(showInBucket(bucket(), key, object, () => true)).rejects.toMatchObject({
        name: 'InputInvalid',
        message: `${key} leads out of the bucket through a symbolic link`,
      });
      await expect(hideFromBucket(bucket(), KEY, () => true)).rejects.toMatchObject({
        name: 'InputInvalid',
      });
    }

    expect(await readdir(folder.outside('closed'))).toEqual(['a.onnx']);
  });

  it('is due itself, and not the files behind it', async () => {
    const opened = await folder.watched();
    await eventually(() => opened.events.length === 1);

    await swap();
    await opened.store.scan();

    expect(await opened.store.latest('bucket', KEY)).toBeUndefined();
  });
});
