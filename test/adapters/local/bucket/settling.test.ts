import { appendFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { eventually } from '../../../support/clock/eventually.ts';
import { type FakeTimers, fakeTimers } from '../../../support/clock/fake-timers.ts';
import { type WatchedFolder, watchedFolder } from '../../../support/local/watched-folder.ts';

const LONG_AGO = new Date('2020-01-01');
const A = 'models/a/a.onnx';
const B = 'models/a/b.onnx';

const QUIET_MS = 200;
// The rest of the quiet time after a write was seen, except the last look.
const SEEN_MS = 180;

let timers: FakeTimers;
let folder: WatchedFolder;
beforeEach(async () => {
  timers = fakeTimers();
  folder = await watchedFolder({ timers });
});
afterEach(() => folder.close());

/** Does something to a file, and resolves once the watch waits for it to be the last. */
async function noticed(change: () => Promise<unknown>): Promise<void> {
  const before = timers.calls();
  await change();
  await eventually(() => timers.calls() > before);
}

/** Lets time pass until a key was due. */
function settled(key: string): Promise<unknown> {
  return eventually(() => {
    timers.advance(QUIET_MS);
    return folder.dueKeys().includes(key);
  });
}

describe('a file in a watched bucket', () => {
  beforeEach(() => folder.watch.start());

  it('is due at once when it was renamed in, before one that was written earlier', async () => {
    await noticed(() => writeFile(folder.path(A), 'written'));
    await folder.moveIn(B);
    await folder.isDue(B);

    await settled(A);

    expect(folder.dueKeys()).toEqual([B, A]);
  });

  it('is due once it is unchanged, however often it was written before', async () => {
    for (let part = 1; part <= 6; part += 1) {
      await noticed(() => appendFile(folder.path(A), '12345'));
      timers.advance(SEEN_MS - 1);
    }
    expect(folder.due).toEqual([]);

    await settled(A);

    expect(folder.due.map(({ file }) => file?.size)).toEqual([30n]);
  });

  it('is not due at once when only its times changed since it was written', async () => {
    await writeFile(folder.path(A), 'weights');
    await folder.watch.scan();
    await utimes(folder.path(A), LONG_AGO, LONG_AGO);
    await folder.watch.scan();
    await folder.moveIn(B);
    await folder.isDue(B);

    expect(folder.dueKeys()).toEqual([B]);
    await settled(A);
  });

  it('is due again when another is renamed over it', async () => {
    await folder.moveIn(A, 'one');
    await folder.isDue(A);
    await folder.moveIn(A, 'another');

    await eventually(() => folder.due.length === 2);

    expect(folder.due.map(({ file }) => file?.size)).toEqual([3n, 7n]);
  });

  it('is due without a file when it is gone, but not when it is replaced within a moment', async () => {
    await folder.moveIn(A);
    await folder.moveIn(B);
    await eventually(() => folder.due.length === 2);

    await rename(folder.path(A), folder.path(`${A}~`));
    await rename(folder.path(`${A}~`), folder.path(A));
    await rm(folder.path(B));
    await eventually(() => {
      timers.advance(QUIET_MS);
      return folder.due.length === 3;
    });

    expect(folder.due.at(-1)).toEqual({ key: B, file: undefined });
  });

  it('is not due while its name says that it is unfinished, or what a desktop leaves', async () => {
    const names = ['.hidden', 'a~', 'a.swp', 'a.onnx.part', 'a.crdownload', 'a.TMP', '.git/config'];
    const litter = ['Thumbs.db', 'Desktop.ini', '__MACOSX/model.onnx'];
    for (const name of [...names, ...litter]) await folder.moveIn(`models/a/${name}`);
    await folder.moveIn(B);
    await folder.isDue(B);
    await noticed(() => writeFile(folder.path(A), 'weights'));
    await settled(A);

    expect(folder.dueKeys()).toEqual([B, A]);
  });

  it('is due where it says the Python of its folder, though its name begins with a dot', async () => {
    const name = 'models/a/v1/.python-version';

    await folder.moveIn(name);
    await folder.isDue(name);

    expect(folder.dueKeys()).toEqual([name]);
  });
});

describe('a file in a bucket that tells of no events', () => {
  it('is due once two looks find it unchanged', async () => {
    await writeFile(folder.path(A), '');
    await folder.watch.scan();

    for (let part = 1; part <= 8; part += 1) {
      await appendFile(folder.path(A), '12345');
      await noticed(async () => timers.advance(QUIET_MS));
    }
    expect(folder.due).toEqual([]);
    await settled(A);

    expect(folder.due.map(({ file }) => file?.size)).toEqual([40n]);
  });
});
