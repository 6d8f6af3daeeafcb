import { appendFile, mkdir, readdir, readFile, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  afterAnother,
  BUCKET,
  type BucketFolder,
  bucketFolder,
  keyOf,
  sha256,
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

describe('uploading', () => {
  const objects = () => readdir(join(folder.root, 'objects'));

  it('stores the bytes, shows them in the folder, and announces them once', async () => {
    const opened = await folder.watched();

    const stored = await upload(opened, KEY, 'weights');
    await afterAnother(opened, folder);
    await opened.store.scan();

    expect(stored).toMatchObject({ key: KEY, sizeBytes: 7, sha256: sha256('weights') });
    expect(await readFile(folder.path(KEY), 'utf8')).toBe('weights');
    const announced = opened.events.filter((event) => keyOf(event) === KEY).map(versionOf);
    expect(new Set(announced)).toEqual(new Set([stored.versionId]));
    expect(await opened.store.list(BUCKET, '', upTo(10))).toHaveLength(2);
  });

  it('shows a file that users may write into without changing the version', async () => {
    const opened = await folder.watched();
    const stored = await upload(opened, KEY, 'weights');

    const { mode } = await stat(folder.path(KEY));
    await appendFile(folder.path(KEY), ' and biases');

    expect(mode & 0o777).toBe(0o644);
    await taken(opened, KEY, 'weights and biases');
    expect(await readFile(opened.store.objectPath(KEY, stored.versionId), 'utf8')).toBe('weights');
  });

  it('leaves nothing of an upload that breaks off', async () => {
    const opened = await folder.watched();
    const broken = Readable.from(
      (async function* () {
        yield Buffer.from('half');
        throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
      })(),
    );

    await expect(opened.store.put(KEY, broken)).rejects.toThrow('aborted');

    expect(await objects()).toEqual([]);
    expect(await readdir(folder.path('models'))).toEqual([]);
    expect(opened.events).toEqual([]);
  });

  it('refuses fewer or more bytes than were said', async () => {
    const opened = folder.open();
    const put = (text: string) =>
      opened.store.put(KEY, Readable.from([Buffer.from(text)]), { expectedBytes: 4 });

    await expect(put('123')).rejects.toMatchObject({ name: 'InputInvalid' });
    await expect(put('12345')).rejects.toMatchObject({ name: 'InputInvalid' });
    expect(await objects()).toEqual([]);
    await expect(put('1234')).resolves.toMatchObject({ sizeBytes: 4 });
  });

  it('refuses an upload over the limit, and one that says it will be, and says both sizes', async () => {
    const opened = folder.open({ maxObjectBytes: 6 });
    const long = Readable.from(
      (function* () {
        yield Buffer.from('1234');
        for (;;) yield Buffer.from('567');
      })(),
    );
    const failure = { name: 'ArtifactRejected', message: `${KEY} is 7 bytes; the limit is 6` };

    await expect(opened.store.put(KEY, long)).rejects.toMatchObject(failure);
    const said = opened.store.put(KEY, Readable.from([]), { expectedBytes: 7 });
    await expect(said).rejects.toMatchObject(failure);
    expect(await objects()).toEqual([]);
    expect(long.destroyed).toBe(false);
  });

  it.each([
    '',
    '/etc/passwd',
    '../outside',
    'models/../../outside',
    'models//x',
    'models/./x',
    'models/x/',
    'models\\x',
    'models/\0x',
    'models/\ud800',
    'x'.repeat(256),
    'long/'.repeat(205),
  ])('refuses the key %j', async (key) => {
    const opened = folder.open();

    await expect(upload(opened, key, 'x')).rejects.toMatchObject({ name: 'InputInvalid' });
    expect(await objects()).toEqual([]);
  });

  it('refuses a key under another object, and one that is a folder', async () => {
    const opened = folder.open();
    await upload(opened, KEY, 'weights');

    const below = upload(opened, `${KEY}/more`, 'x');
    await expect(below).rejects.toMatchObject({ name: 'InputInvalid' });
    await expect(upload(opened, 'models', 'x')).rejects.toMatchObject({ name: 'InputInvalid' });
    expect(await readdir(folder.path('models/digits'))).toEqual(['digits.onnx']);
  });

  it('follows no link out of the bucket', async () => {
    const opened = folder.open();
    await mkdir(folder.outside('elsewhere'));
    await symlink(folder.outside('elsewhere'), folder.path('models/linked'));

    const put = upload(opened, 'models/linked/x', 'x');

    await expect(put).rejects.toMatchObject({ name: 'InputInvalid' });
    expect(await readdir(folder.outside('elsewhere'))).toEqual([]);
  });

  it('makes a version of each of many uploads of one key, the newest in the folder', async () => {
    const opened = await folder.watched();

    const all = await Promise.all(
      Array.from({ length: 20 }, (_, i) => upload(opened, KEY, `version ${i}`)),
    );

    const newest = await opened.store.latest(BUCKET, KEY);
    const shown = await readFile(folder.path(KEY), 'utf8');
    expect(newest?.checksum).toBe(`sha256:${sha256(shown)}`);
    await afterAnother(opened, folder);
    expect(opened.events).toHaveLength(all.length + 1);
  });
});

describe('removing', () => {
  it('takes the file out of the folder, and leaves its version to whoever was made of it', async () => {
    const opened = await folder.watched();
    const { versionId } = await upload(opened, KEY, 'weights');
    await upload(opened, `${KEY}.yaml`, '');

    await opened.store.remove(KEY);

    expect(await readdir(folder.path('models/digits'))).toEqual(['digits.onnx.yaml']);
    expect(await opened.store.latest(BUCKET, KEY)).toBeUndefined();
    expect(await readFile(opened.store.objectPath(KEY, versionId), 'utf8')).toBe('weights');
  });

  it('is done where nothing is', async () => {
    const opened = folder.open();

    await expect(opened.store.remove(KEY)).resolves.toBeUndefined();
    expect(await opened.store.list(BUCKET, '', upTo(10))).toEqual([]);
  });

  it.each(['../outside', 'models//x', ''])('refuses the key %j', async (key) => {
    const opened = folder.open();

    await expect(opened.store.remove(key)).rejects.toMatchObject({ name: 'InputInvalid' });
  });

  it('follows no link out of the bucket', async () => {
    const opened = folder.open();
    await mkdir(folder.outside('elsewhere'));
    await appendFile(folder.outside('elsewhere/x'), 'mine');
    await symlink(folder.outside('elsewhere'), folder.path('models/linked'));

    const removed = opened.store.remove('models/linked/x');

    await expect(removed).rejects.toMatchObject({ name: 'InputInvalid' });
    expect(await readdir(folder.outside('elsewhere'))).toEqual(['x']);
  });
});
