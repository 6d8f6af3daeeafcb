import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../../../support/clock/eventually.ts';
import {
  afterAnother,
  BUCKET,
  type BucketFolder,
  bucketFolder,
  keyOf,
  type Opened,
  taken,
  upload,
  versionOf,
} from '../../../support/local/bucket-folder.ts';
import { upTo } from '../../../support/worlds/up-to.ts';

const KEY = 'models/digits/digits.onnx';

let folder: BucketFolder;
beforeEach(async () => {
  folder = await bucketFolder();
});
afterEach(() => folder.close());

describe('deleting a file from the bucket folder', () => {
  it('deletes the key and announces nothing', async () => {
    const opened = await folder.watched();
    await upload(opened, KEY, 'weights');

    await rm(folder.path(KEY));

    await eventually(async () => !(await opened.store.latest(BUCKET, KEY)));
    expect(opened.events).toHaveLength(1);
    expect(opened.problems).toEqual([]);
  });

  it('deletes every key of a deleted folder, and takes what is dropped in a new one', async () => {
    const opened = await folder.watched();
    await upload(opened, KEY, 'weights');
    await upload(opened, 'models/digits/more/vocabulary', 'words');

    await rm(folder.path('models'), { recursive: true });
    await eventually(async () => (await opened.store.list(BUCKET, '', upTo(9))).length === 0);

    await folder.moveIn(KEY, 'weights');
    await eventually(() => opened.events.length === 3);
    expect(await opened.store.latest(BUCKET, KEY)).toBeDefined();
  });

  it('deletes the key of a file that becomes a folder', async () => {
    const opened = await folder.watched();
    await upload(opened, KEY, 'weights');

    await rm(folder.path(KEY));
    await mkdir(folder.path(KEY));

    await eventually(async () => !(await opened.store.latest(BUCKET, KEY)));
  });

  it('deletes nothing when the whole bucket folder is gone, and says so once', async () => {
    const opened = await folder.watched();
    await upload(opened, KEY, 'weights');

    await rename(folder.path(''), folder.outside('away'));
    await opened.store.scan();
    const refused = upload(opened, 'models/other/x.onnx', 'x');
    await expect(refused).rejects.toMatchObject({ name: 'PlatformUnavailable' });
    await anotherSettled();
    await opened.store.scan();
    await opened.close();

    expect(opened.problems.map(({ key }) => key)).toEqual(['']);
    expect(opened.problems[0]?.failure).toMatchObject({ name: 'PlatformUnavailable' });
    await rename(folder.outside('away'), folder.path(''));
    const again = folder.open();
    await again.store.scan();
    expect(await again.store.latest(BUCKET, KEY)).toMatchObject({ sizeBytes: 7 });
  });
});

/** Resolves after all earlier files have settled: by then a file in another bucket that is noticed now has settled. */
async function anotherSettled(): Promise<void> {
  const other = await bucketFolder();
  await afterAnother(await other.watched(), other);
  await other.close();
}

describe('a bucket that is opened again', () => {
  async function closedWith(key: string, content: string): Promise<Opened> {
    const before = await folder.watched();
    await folder.moveIn(key, content);
    const event = await taken(before, key, content);
    before.store.settled(key, versionOf(event));
    await before.close();
    return before;
  }

  it('finds what was dropped, changed or deleted meanwhile', async () => {
    await closedWith('models/a/a.onnx', 'same');
    await closedWith('models/b/b.onnx', 'old');
    await closedWith('models/c/c.onnx', 'gone');
    await writeFile(folder.path('models/b/b.onnx'), 'new');
    await rm(folder.path('models/c/c.onnx'));
    await folder.moveIn('models/d/d.onnx', 'dropped');

    const opened = folder.open();
    await opened.store.scan();
    await taken(opened, 'models/b/b.onnx', 'new');
    await taken(opened, 'models/d/d.onnx', 'dropped');
    await eventually(async () => !(await opened.store.latest(BUCKET, 'models/c/c.onnx')));

    expect(opened.events.map(keyOf).sort()).toEqual(['models/b/b.onnx', 'models/d/d.onnx']);
  });

  it('announces again what was not settled, with the same event', async () => {
    const before = await folder.watched();
    const settled = await upload(before, 'models/a/a.onnx', 'one');
    await upload(before, 'models/a/a.onnx', 'two');
    await upload(before, 'models/b/b.onnx', 'three');
    before.store.settled('models/a/a.onnx', settled.versionId);
    await before.close();

    const opened = folder.open();
    await opened.store.scan();

    // The order of two keys is not promised.
    const bySequencer = (events: typeof before.events) =>
      events.toSorted((a, b) => (sequencerOf(a) < sequencerOf(b) ? -1 : 1));
    expect(bySequencer(opened.events)).toEqual(bySequencer(before.events).slice(1));
  });

  it('has every version, and counts on', async () => {
    const before = await folder.watched();
    const one = await upload(before, KEY, 'one');
    await before.close();

    const opened = folder.open();
    const two = await upload(opened, KEY, 'two');

    expect(await readFile(opened.store.objectPath(KEY, one.versionId), 'utf8')).toBe('one');
    expect([one.sequencer, two.sequencer]).toEqual(['0000000000000001', '0000000000000002']);
    expect(two.lastModifiedMs).toBeGreaterThan(one.lastModifiedMs);
  });

  it('clears what a killed process left half written', async () => {
    await mkdir(join(folder.root, 'objects'));
    await writeFile(join(folder.root, 'objects', '.half-written'), 'half');

    folder.open();

    expect(await readdir(join(folder.root, 'objects'))).toEqual([]);
  });
});

function sequencerOf({ detail }: Opened['events'][number]): string {
  return detail.object.sequencer ?? '';
}
