import { readFile } from 'node:fs/promises';
import { compareOrder } from '#domain/deployment.ts';
import type { ArtifactStore, ListedObject, StoredObject } from '#ports/artifact-store.ts';
import { type Granted, ORDER } from '../support/worlds/build-order.ts';
import { upTo } from '../support/worlds/up-to.ts';

/** A store under test, with a way to upload and delete as a user does. */
export type StoreWorld = {
  readonly store: ArtifactStore;
  readonly bucket: string;
  put(key: string, bytes: Uint8Array): Promise<StoredObject>;
  /** Resolves once the deletion is seen. */
  remove(key: string): Promise<void>;
  /** Reads the URL of a grant as a build does, by its role; where there are no roles, the URL is enough. */
  readonly readByRole?: (url: string) => Promise<string>;
  close(): Promise<void>;
};

const KEY = 'models/digits/digits.onnx';

/** The promises of the ArtifactStore port, for every adapter and every fake. */
export function describeArtifactStore(name: string, open: () => Promise<StoreWorld>): void {
  describe(`${name} as an ArtifactStore`, () => {
    let world: StoreWorld;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.close());

    const put = (key: string, text: string) => world.put(key, Buffer.from(text));
    const listOf = (url: string) => (world.readByRole ?? fetched)(url);
    const latest = (key: string) => world.store.latest(world.bucket, key);

    async function pages(prefix: string, after: string): Promise<readonly ListedObject[]> {
      const { objects, next } = await world.store.newest(world.bucket, prefix, after);
      return next === null ? objects : [...objects, ...(await pages(prefix, next))];
    }

    async function content(object: StoredObject): Promise<string> {
      const source = await world.store.open(object);
      return Buffer.from(await source.read(0, source.sizeBytes)).toString();
    }

    it('describes an upload by its version', async () => {
      const object = await put(KEY, 'one');

      expect(await world.store.describe(object)).toEqual(object);
      expect(object).toMatchObject({ bucket: world.bucket, key: KEY, sizeBytes: 3 });
    });

    it('has nothing to say of a version that never was', async () => {
      const object = await put(KEY, 'one');
      const other = { ...object, versionId: 'never' };

      expect(await world.store.describe(other)).toBeUndefined();
      await expect(world.store.open(other)).rejects.toMatchObject({ name: 'ArtifactRejected' });
      expect(await world.store.describe({ ...object, key: 'models/other' })).toBeUndefined();
      expect(await latest('models/other')).toBeUndefined();
    });

    it('has nothing of another bucket', async () => {
      const object = await put(KEY, 'one');

      expect(await world.store.describe({ ...object, bucket: 'other' })).toBeUndefined();
      expect(await world.store.latest('other', KEY)).toBeUndefined();
      expect(await world.store.list('other', '', upTo(100))).toEqual([]);
      await expect(world.store.open({ ...object, bucket: 'other' })).rejects.toMatchObject({
        name: 'ArtifactRejected',
      });
    });

    it('keeps a version as it is when its key is written again', async () => {
      const first = await put(KEY, 'one');
      const source = await world.store.open(first);
      const second = await put(KEY, 'another');

      expect(Buffer.from(await source.read(0, 3)).toString()).toBe('one');
      expect(await content(first)).toBe('one');
      expect(await world.store.describe(first)).toEqual(first);
      expect(await latest(KEY)).toEqual(second);
    });

    it('makes a new version of the same bytes, newer by its sequencer where it tells one', async () => {
      const first = await put(KEY, 'one');
      const second = await put(KEY, 'one');
      const other = await put(KEY, 'two');

      expect(second.versionId).not.toBe(first.versionId);
      expect(second.checksum).toBe(first.checksum);
      expect(other.checksum).not.toBe(first.checksum);
      for (const [newer, older] of [
        [second, first],
        [other, second],
      ] as const) {
        expect(newer.lastModifiedMs).toBeGreaterThanOrEqual(older.lastModifiedMs);
        expect(newer.sequencer === '').toBe(older.sequencer === '');
        if (newer.sequencer !== '') expect(compareOrder(newer, older)).toBeGreaterThan(0);
      }
    });

    it('has no latest version of a deleted key, but its versions still', async () => {
      const object = await put(KEY, 'one');
      await world.remove(KEY);

      expect(await latest(KEY)).toBeUndefined();
      expect(await world.store.list(world.bucket, '', upTo(100))).toEqual([]);
      expect(await world.store.describe(object)).toEqual(object);
      expect(await content(object)).toBe('one');
    });

    it('has a latest version again when a deleted key is uploaded again', async () => {
      await put(KEY, 'one');
      await world.remove(KEY);
      const again = await put(KEY, 'one');

      expect(await latest(KEY)).toEqual(again);
    });

    it('lists the newest version of each key that begins with the prefix, at most as many as asked', async () => {
      await put('models/a/1.onnx', 'old');
      const one = await put('models/a/1.onnx', 'new');
      const two = await put('models/a/2.onnx', 'x');
      await put('models/ab/1.onnx', 'x');
      await put('other/a/1.onnx', 'x');

      expect(await world.store.list(world.bucket, 'models/a/', upTo(100))).toEqual([one, two]);
      expect(await world.store.list(world.bucket, 'models/a/', upTo(1))).toEqual([one]);
    });

    it('lists as many as asked of the keys that are wanted, by what follows the prefix', async () => {
      const keys = ['models/a/1', 'models/a/b/1', 'models/a/b/2', 'models/a/c'];
      for (const key of keys) await put(key, 'x');
      const seen: string[] = [];
      const isWanted = (rest: string) => seen.push(rest) > 0 && rest.startsWith('b/');

      const listed = await world.store.list(world.bucket, 'models/a/', { limit: 2, isWanted });

      expect(listed.map(({ key }) => key)).toEqual(['models/a/b/1', 'models/a/b/2']);
      expect(seen).toContain('1');
    });

    it('tells of the newest version of each key, page by page, to the last', async () => {
      const keys = ['models/a/1', 'models/a/2', 'models/b/1', 'models/c/1', 'models/d/1'];
      await put('models/a/1', 'old');
      await put('other/1', 'x');
      const objects = [];
      for (const key of keys) objects.push(await put(key, 'x'));
      await put('models/e/1', 'gone');
      await world.remove('models/e/1');

      const seen = await pages('models/', '');
      const rest = await pages('models/', 'models/b/1');

      const versions = objects.map(({ key, versionId }) => ({ key, versionId }));
      expect(seen.map(({ key, versionId }) => ({ key, versionId }))).toEqual(versions);
      expect(rest.map(({ key }) => key)).toEqual(['models/c/1', 'models/d/1']);
      expect(seen.every(({ bucket }) => bucket === world.bucket)).toBe(true);
      expect(seen.map(({ lastModifiedMs }) => lastModifiedMs)).toEqual(
        objects.map(({ lastModifiedMs }) => lastModifiedMs),
      );
      expect(await world.store.newest('other', '', '')).toEqual({ objects: [], next: null });
    });

    it('takes a prefix by its letters', async () => {
      await put('models/a/50x.onnx', 'x');
      const literal = await put('models/a/50%.onnx', 'x');

      expect(await world.store.list(world.bucket, 'models/a/50%', upTo(100))).toEqual([literal]);
      expect(await world.store.list(world.bucket, 'models/A', upTo(100))).toEqual([]);
    });

    it('lists keys in the order of their UTF-8 bytes', async () => {
      const names = ['b', 'B', '\u{1F600}', '\uFF5E', 'é', 'a/x', 'a-x'];
      for (const key of names) await put(key, 'x');

      const listed = await world.store.list(world.bucket, '', upTo(100));

      expect(listed.map(({ key }) => key)).toEqual([
        'B',
        'a-x',
        'a/x',
        'b',
        'é',
        '\uFF5E',
        '\u{1F600}',
      ]);
    });

    it('reads any range, shorter only at the end', async () => {
      const source = await world.store.open(await put(KEY, '0123456789'));
      const read = async (start: number, length: number) =>
        Buffer.from(await source.read(start, length)).toString();

      expect(source.sizeBytes).toBe(10);
      expect(await read(0, 4)).toBe('0123');
      expect(await read(3, 4)).toBe('3456');
      expect(await read(8, 4)).toBe('89');
      expect(await read(10, 4)).toBe('');
      expect(await read(99, 4)).toBe('');
      expect(await read(3, 0)).toBe('');
    });

    it('grants the reading of versions by the URL of a list, under the names given', async () => {
      const model = await put(KEY, 'old bytes');
      const data = await put('models/digits/weights.bin', 'more');
      await put(KEY, 'new');

      const url = await world.store.grant(
        'd1',
        [
          { ...model, name: 'model.onnx' },
          { ...data, name: 'data/weights.bin' },
        ],
        ORDER,
      );

      const { order, files } = JSON.parse(await listOf(url)) as Granted;
      expect(order).toEqual(ORDER);
      expect(files).toEqual([
        { name: 'model.onnx', sizeBytes: 9, url: expect.any(String) },
        { name: 'data/weights.bin', sizeBytes: 4, url: expect.any(String) },
      ]);
      expect(await Promise.all(files.map((file) => fetched(file.url)))).toEqual([
        'old bytes',
        'more',
      ]);
    });

    it('grants anew under the same id, and keeps the lists of two ids apart', async () => {
      const object = { ...(await put(KEY, 'one')), name: 'model.onnx' };
      const names = async (url: string) =>
        (JSON.parse(await listOf(url)) as Granted).files.map(({ name }) => name);

      await world.store.grant('d1', [object], ORDER);
      const other = await world.store.grant('d2', [object], ORDER);
      const again = await world.store.grant('d1', [{ ...object, name: 'other.onnx' }], ORDER);

      expect(await names(again)).toEqual(['other.onnx']);
      expect(await names(other)).toEqual(['model.onnx']);
    });

    it('stores an object without bytes', async () => {
      const object = await put(KEY, '');

      expect(object.sizeBytes).toBe(0);
      expect(await content(object)).toBe('');
    });
  });
}

/** Reads a URL with no other right than the URL. */
async function fetched(url: string): Promise<string> {
  if (url.startsWith('file:')) return readFile(new URL(url), 'utf8');
  const answer = await fetch(url);
  expect(answer.status).toBe(200);
  return answer.text();
}
