import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { systemClock } from '#adapters/clocks.ts';
import { bucketIntake } from '#adapters/local/bucket/intake.ts';
import { type ObjectVersions, objectVersions } from '#adapters/local/bucket/object-versions.ts';
import { fileAt } from '#adapters/local/files/file-state.ts';
import {
  type BucketFolder,
  bucketFolder,
  objectsAround,
} from '../../../support/local/bucket-folder.ts';
import { unsyncedDatabase } from '../../../support/local/unsynced-database.ts';

let folder: BucketFolder;
beforeEach(async () => {
  folder = await bucketFolder();
});
afterEach(() => folder.close());

const filesOf = (model: string, count: number) =>
  Array.from({ length: count }, (_, i) => `models/${model}/v1/${i}.bin`);

/** Takes the files, which all wait at once, and answers how many copies had begun when that of `last` began. */
async function placeOf(last: string, before: readonly string[]): Promise<number> {
  let begun = 0;
  let place = 0;
  const objects = objectsAround(folder, (write) => {
    begun += 1;
    return write();
  });
  using database = unsyncedDatabase(join(folder.root, 'intake.db'));
  const clock = systemClock;
  const intake = bucketIntake({
    folder: join(folder.root, 'bucket'),
    objects: {
      ...objects,
      write(bytes, size) {
        if (size === last.length) place = begun + 1;
        return objects.write(bytes, size);
      },
    },
    versions: objectVersions(database, clock),
    maxObjectBytes: 1000,
  });
  for (const key of [...before, last]) {
    await mkdir(dirname(folder.path(key)), { recursive: true });
    await writeFile(folder.path(key), key === last ? key : '');
  }
  const states = await Promise.all([...before, last].map((key) => fileAt(folder.path(key))));

  const taken = await Promise.all(
    [...before, last].map((key, index) => intake.drop(key, states[index])),
  );

  expect(taken.map(({ kind }) => kind)).toEqual(taken.map(() => 'version'));
  await intake.close();
  return place;
}

describe('a file that is dropped after many of other models', () => {
  it('is copied while those of one model still wait', async () => {
    expect(await placeOf('models/small/small.onnx', filesOf('large', 50))).toBeLessThanOrEqual(8);
  });

  it('waits for no more than a few of each', async () => {
    const others = ['first', 'second', 'third'].flatMap((model) => filesOf(model, 20));

    expect(await placeOf('models/small/small.onnx', others)).toBeLessThanOrEqual(16);
  });

  it('comes after all of its own model that were there before it, but for the few that are copied beside it', async () => {
    const place = await placeOf('models/large/v1/model.yaml', filesOf('large', 50));

    // Four of a model are copied at once: which of them reads its first byte first is the disk's affair.
    expect(place).toBeGreaterThanOrEqual(48);
  });
});

describe('a file that is no version yet', () => {
  const KEY = 'models/digits/model.onnx';

  async function withDropped(
    use: (intake: ReturnType<typeof bucketIntake>, versions: ObjectVersions) => Promise<void>,
  ) {
    using database = unsyncedDatabase(join(folder.root, 'intake.db'));
    const versions = objectVersions(database, systemClock);
    const intake = bucketIntake({
      folder: join(folder.root, 'bucket'),
      objects: objectsAround(folder, (write) => write()),
      versions,
      maxObjectBytes: 1000,
    });
    await mkdir(dirname(folder.path(KEY)), { recursive: true });
    await writeFile(folder.path(KEY), 'dropped');
    await use(intake, versions);
    await intake.close();
  }

  it('is not removed with the object of its key', async () => {
    await withDropped(async (intake) => {
      expect(await intake.remove(KEY)).toBeUndefined();

      expect(await readFile(folder.path(KEY), 'utf8')).toBe('dropped');
    });
  });

  it('is not removed in the place of a version that it is about to replace', async () => {
    await withDropped(async (intake, versions) => {
      await intake.upload(KEY, Readable.from([Buffer.from('uploaded')]));
      await writeFile(folder.path(KEY), 'dropped anew');

      await intake.remove(KEY);

      expect(await readFile(folder.path(KEY), 'utf8')).toBe('dropped anew');
      expect(versions.latest(KEY)).toBeUndefined();
    });
  });

  it('is known to whoever uploads only where there is none', async () => {
    await withDropped(async (intake) => {
      const seen: boolean[] = [];
      const require = (_: unknown, hasOther: boolean) => void seen.push(hasOther);

      await intake.upload(KEY, Readable.from([Buffer.from('uploaded')]), { require });
      await intake.upload(KEY, Readable.from([Buffer.from('anew')]), { require });

      expect(seen).toEqual([true, true, false, false]);
    });
  });
});
