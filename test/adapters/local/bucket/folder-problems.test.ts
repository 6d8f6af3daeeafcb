import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Failure } from '#domain/failure.ts';
import { eventually } from '../../../support/clock/eventually.ts';
import {
  BUCKET,
  type BucketFolder,
  bucketFolder,
  type Opened,
  objectsAround,
  taken,
  upload,
} from '../../../support/local/bucket-folder.ts';
import { missingPrograms, needing } from '../../../support/needs.ts';

const run = promisify(execFile);
const KEY = 'models/digits/digits.onnx';

let folder: BucketFolder;
beforeEach(async () => {
  folder = await bucketFolder();
});
afterEach(() => folder.close());

const SEVEN_TB = 7_000_000_000_000;

async function firstProblem({ problems }: Opened): Promise<Failure> {
  await eventually(() => problems.length > 0);
  return problems[0]!.failure;
}

describe('what cannot be taken', () => {
  beforeEach(() => mkdir(folder.path('models/digits'), { recursive: true }));

  it('is told of once, stays where it is, and is taken as soon as there is room', async () => {
    let isFull = true;
    const opened = await folder.watched({
      objects: objectsAround(folder, async (write) => {
        if (isFull) throw new Failure('StorageFull', 'no room');
        return write();
      }),
    });
    await folder.moveIn(KEY, 'weights');
    await eventually(() => opened.problems.length > 0);
    await opened.store.scan();

    isFull = false;
    await opened.store.scan();

    await taken(opened, KEY, 'weights');
    expect(opened.problems).toEqual([
      { key: KEY, failure: expect.objectContaining({ name: 'StorageFull' }) },
    ]);
  });

  it('is a file for which the disk has no room, and how much is missing is said', async () => {
    const opened = await folder.watched({ maxObjectBytes: Number.MAX_SAFE_INTEGER });
    await writeFile(folder.path(KEY), '');
    await truncate(folder.path(KEY), SEVEN_TB);

    const failure = await firstProblem(opened);

    expect(failure.name).toBe('StorageFull');
    expect(failure.message).toMatch(
      /has \d+ bytes free; 7000000000000 are needed, and 1048576 have to stay free$/,
    );
    expect(failure.fix).toMatch(/^Free at least \d+ bytes/);
    expect(await readdir(join(folder.root, 'objects'))).toEqual([]);
    expect(await stat(folder.path(KEY))).toMatchObject({ size: SEVEN_TB });
  });

  it('is anything while the folder of the objects is gone', async () => {
    const opened = await folder.watched();
    await rm(join(folder.root, 'objects'), { recursive: true });
    await folder.moveIn(KEY, 'weights');
    const failure = await firstProblem(opened);

    await mkdir(join(folder.root, 'objects'));
    await opened.store.scan();

    await taken(opened, KEY, 'weights');
    expect(failure).toMatchObject({
      name: 'PlatformUnavailable',
      message: expect.stringMatching(/objects: it is gone$/),
    });
  });

  it('is a file over the limit, told of again only when another one comes', async () => {
    const opened = await folder.watched({ maxObjectBytes: 10 });
    await folder.moveIn(KEY, 'more than ten bytes');
    await eventually(() => opened.problems.length === 1);
    await opened.store.scan();

    await folder.moveIn(KEY, 'ten bytes and more');
    await eventually(() => opened.problems.length === 2);
    await folder.moveIn(KEY, 'ten bytes.');

    await taken(opened, KEY, 'ten bytes.');
    expect(opened.problems.map(({ failure }) => failure.message)).toEqual([
      `${KEY} is 19 bytes; the limit is 10`,
      `${KEY} is 18 bytes; the limit is 10`,
    ]);
  });

  /** A key whose file has become something else, which `make` makes at its path. */
  async function isRefused(make: (path: string) => Promise<unknown>) {
    const opened = await folder.watched();
    await upload(opened, KEY, 'weights');

    await rm(folder.path(KEY));
    await make(folder.path(KEY));

    const failure = await firstProblem(opened);
    expect(failure.name).toBe('ArtifactRejected');
    expect(await opened.store.latest(BUCKET, KEY)).toBeUndefined();
    expect(await opened.store.untaken()).toMatchObject([{ key: KEY, failure }]);
    await rm(folder.path(KEY));
    expect(await opened.store.untaken()).toEqual([]);
  }

  it('is a link', () => isRefused((path) => symlink('/etc/passwd', path)));

  it('is a socket', async () => {
    const server = createServer();

    await isRefused((path) => once(server.listen(path), 'listening'));

    server.close();
  });

  needing(missingPrograms('mkfifo'), () => {
    it('is a pipe', () => isRefused((path) => run('mkfifo', [path])));
  });

  it('is a file with a name that no key can have', async () => {
    const opened = await folder.watched();
    await writeFile(folder.path('models/digits/a\\b.onnx'), 'weights');

    const failure = await firstProblem(opened);

    expect(failure).toMatchObject({
      name: 'InputInvalid',
      message: expect.stringMatching(/backslash/),
    });
  });
});
