import { execFile } from 'node:child_process';
import { rename, rm, utimes, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { eventually } from '../../support/eventually.ts';
import { type WatchedFolder, watchedFolder } from '../../support/watched-folder.ts';

const run = promisify(execFile);
const LONG_AGO = new Date('2020-01-01');
const A = 'models/a/a.onnx';
const B = 'models/a/b.onnx';

let folder: WatchedFolder;
beforeEach(async () => {
  folder = await watchedFolder();
});
afterEach(() => folder.close());

describe('a file in a watched bucket', () => {
  beforeEach(() => folder.watch.start());

  it('is due at once when it was renamed in, before one that was written earlier', async () => {
    await writeFile(folder.path(A), 'written');
    await folder.moveIn(B);

    await folder.isDue(A);

    expect(folder.dueKeys()).toEqual([B, A]);
  });

  it('is due once it is unchanged, however often it was written before', async () => {
    const script = 'for i in 1 2 3 4 5 6; do printf 12345 >> "$0"; sleep 0.08; done';
    await run('sh', ['-c', script, folder.path(A)]);

    await folder.isDue(A);

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
    await folder.isDue(A);
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
    await eventually(() => folder.due.length === 3);

    expect(folder.due.at(-1)).toEqual({ key: B, file: undefined });
  });

  it('is not due while its name says that it is unfinished', async () => {
    const names = ['.hidden', 'a~', 'a.swp', 'a.onnx.part', 'a.crdownload', 'a.TMP', '.git/config'];
    for (const name of names) await folder.moveIn(`models/a/${name}`);
    await folder.moveIn(B);
    await writeFile(folder.path(A), 'weights');
    await folder.isDue(A);

    expect(folder.dueKeys()).toEqual([B, A]);
  });
});

describe('a file in a bucket that tells of no events', () => {
  it('is due once two looks find it unchanged', async () => {
    await writeFile(folder.path(A), '');
    await folder.watch.scan();

    const script = 'for i in 1 2 3 4 5 6 7 8; do sleep 0.08; printf 12345 >> "$0"; done';
    await run('sh', ['-c', script, folder.path(A)]);
    await folder.isDue(A);

    expect(folder.due.map(({ file }) => file?.size)).toEqual([40n]);
  });
});
