import { s3ArtifactStore } from '#adapters/aws/store/s3-artifact-store.ts';
import type { ArtifactRef, ArtifactStore } from '#ports/artifact-store.ts';
import { describeArtifactStore } from '../../../contracts/artifact-store.ts';
import { itBearsFaults } from '../../../support/aws/fault-matrix.ts';
import { awsFault } from '../../../support/aws/faults.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import type { AnyClient } from '../../../support/aws/rules/rules.ts';
import { s3World } from '../../../support/aws/s3.ts';
import { type Granted, ORDER } from '../../../support/worlds/build-order.ts';
import { upTo } from '../../../support/worlds/up-to.ts';

const KEY = 'models/digits/digits.onnx';

/** The calls of the store, with results that are the same for every bucket. */
const DEEDS: Readonly<
  Record<
    string,
    (
      store: ArtifactStore,
      ref: ArtifactRef,
      readByRole: (url: string) => Promise<string>,
    ) => Promise<unknown>
  >
> = {
  'a look at a version': async (store, ref) => (await store.describe(ref))?.checksum,
  'a look at the newest': async (store, { bucket, key }) =>
    (await store.latest(bucket, key))?.checksum,
  'a list': async (store, { bucket }) =>
    (await store.list(bucket, 'models/', upTo(9))).map(({ key, checksum }) => ({ key, checksum })),
  'a list of pages': async (store, { bucket }) => {
    const { objects, next } = await store.newest(bucket, 'models/', '');
    return { keys: objects.map(({ key }) => key), next };
  },
  'a read': async (store, ref) => {
    const source = await store.open(ref);
    return Buffer.from(await source.read(1, 2)).toString();
  },
  'a grant': async (store, ref, readByRole) => {
    const url = await store.grant('d1', [{ ...ref, name: 'digits.onnx', sizeBytes: 3 }], ORDER);
    const { files } = JSON.parse(await readByRole(url)) as Granted;
    const [part] = files;
    return { name: part!.name, bytes: await (await fetch(part!.url)).text() };
  },
};

describeOnMoto('artifacts in S3', (moto) => {
  async function open(options?: { readonly maxAttempts: number }) {
    const world = await s3World(moto());
    const client = world.client(options);
    return { ...world, client, store: s3ArtifactStore({ client, bucket: world.bucket }) };
  }

  describeArtifactStore('s3ArtifactStore', async () => {
    const { store, bucket, put, remove, readByRole } = await open();
    return {
      store,
      bucket,
      readByRole,
      async put(key, bytes) {
        const versionId = await put(key, bytes);
        return (await store.describe({ bucket, key, versionId }))!;
      },
      remove: async (key) => void (await remove(key)),
      close: async () => {},
    };
  });

  describe('an object in S3', () => {
    it('has the checksum of its whole content, and no sequencer', async () => {
      const { store, bucket, put } = await open();
      await put(KEY, '123456789');

      // The check value of CRC-64/NVME: https://reveng.sourceforge.io/crc-catalogue/17plus.htm
      const check = Buffer.from('ae8b14860a799888', 'hex').toString('base64');
      expect(await store.latest(bucket, KEY)).toMatchObject({
        checksum: `crc64nvme:${check}`,
        sequencer: '',
      });
    });

    it('has the checksum that its uploader chose, by its name', async () => {
      const { store, bucket, put } = await open();
      await put(KEY, 'one', { ChecksumAlgorithm: 'SHA256' });
      const bySha = await store.latest(bucket, KEY);
      await put(KEY, 'one', { ChecksumAlgorithm: 'CRC32' });

      expect(bySha?.checksum).toMatch(/^sha256:[\w+/]{43}=$/);
      expect((await store.latest(bucket, KEY))?.checksum).toMatch(/^crc32:[\w+/]{6}==$/);
    });

    it('is none where only a delete marker is, or its version is not pinned by its id', async () => {
      const { store, bucket, put, remove } = await open();
      await put(KEY, 'one');
      const marker = await remove(KEY);
      const unversioned = { bucket, key: 'before', versionId: 'null' };

      expect(await store.describe({ bucket, key: KEY, versionId: marker })).toBeUndefined();
      expect(await store.describe(unversioned)).toBeUndefined();
      expect(await store.latest(bucket, 'before')).toBeUndefined();
      expect(await store.list(bucket, 'before', upTo(9))).toEqual([]);
      await expect(store.open(unversioned)).rejects.toMatchObject({ name: 'ArtifactRejected' });
    });

    it('may have a key that no XML can hold, and is listed with the others', async () => {
      const { store, bucket, put } = await open();
      const keys = ['models/a\u0001b', 'models/a b+c%20/é', 'models/<&>'];
      for (const key of keys) await put(key, 'x');

      const listed = await store.list(bucket, 'models/', upTo(9));

      expect(listed.map(({ key }) => key).toSorted()).toEqual(keys.toSorted());
    });

    it('is no longer readable when it is deleted for good while it is read', async () => {
      const { store, client, bucket, put } = await open();
      const versionId = await put(KEY, 'one');
      const source = await store.open({ bucket, key: KEY, versionId });
      awsFault(client, 'GetObject', 'gone');

      await expect(source.read(0, 3)).rejects.toMatchObject({ name: 'ArtifactRejected' });
    });

    it('is listed from later pages too, up to the limit, by its newest version', async () => {
      const { store, client, bucket, put } = await open();
      const keys = ['m/1', 'm/2', 'm/3', 'm/4', 'm/5 +é'];
      for (const key of [...keys, ...keys]) await put(key, 'x');
      const pages = awsFault(client, 'ListObjectVersions', 'broken', 0);
      // A page of S3 has 1,000 versions.
      client.middlewareStack.add(
        (next) => (args) => next({ ...args, input: { ...args.input, MaxKeys: 3 } }),
        { step: 'initialize' },
      );

      const all = await store.list(bucket, 'm/', upTo(2000));
      const some = await store.list(bucket, 'm/', upTo(2));

      expect(all.map(({ key }) => key)).toEqual(keys);
      expect(some).toEqual(all.slice(0, 2));
      expect(await store.latest(bucket, 'm/2')).toEqual(all[1]);
      expect(pages.calls()).toBe(5);
    });
  });

  describe('a fault of S3', () => {
    // HEAD only says that a request is bad, so GET is asked for the reason.
    it.each([
      ['denied', 'PlatformDenied', 4],
      ['throttled', 'PlatformThrottled', 4],
      ['broken', 'PlatformUnavailable', 1],
      ['reply lost', 'PlatformUnavailable', 1],
    ] as const)('is told by name by every method when it is %s', async (fault, name, gets) => {
      const world = await open({ maxAttempts: 1 });
      const { store, bucket, put } = world;
      const ref = { bucket, key: KEY, versionId: await put(KEY, 'one') };
      const source = await store.open(ref);
      const faults = ['HeadObject', 'ListObjectVersions', 'GetObject', 'PutObject'].map((command) =>
        awsFault(world.client, command, fault),
      );

      for (const call of [
        () => store.describe(ref),
        () => store.latest(bucket, KEY),
        () => store.open(ref),
        () => store.list(bucket, '', upTo(9)),
        () => source.read(0, 3),
        () => store.grant('d1', [], ORDER),
      ]) {
        await expect(call()).rejects.toMatchObject({ name });
      }

      expect(faults.map(({ count }) => count())).toEqual([3, 1, gets, 1]);
    });

    it('grants by another list when the answer to the writing of one was lost', async () => {
      const { client, store, bucket, put, readByRole } = await open();
      const ref = { bucket, key: KEY, versionId: await put(KEY, 'one'), sizeBytes: 3 };
      const lost = awsFault(client, 'PutObject', 'reply lost', 3);
      const files = [{ ...ref, name: 'digits.onnx' }];

      await expect(store.grant('d1', files, ORDER)).rejects.toMatchObject({
        name: 'PlatformUnavailable',
      });
      const url = await store.grant('d1', files, ORDER);

      expect(lost.count()).toBe(3);
      expect((JSON.parse(await readByRole(url)) as Granted).files).toHaveLength(1);
    });
  });

  it('signs reads of one version each, for six hours, in a list whose key nobody can guess', async () => {
    const { store, bucket, put, readByRole } = await open();
    const versionId = await put(KEY, 'one');

    const file = { bucket, key: KEY, versionId, name: 'digits.onnx', sizeBytes: 3 };
    const url = await store.grant('d1', [file], ORDER);
    const other = await store.grant('d1', [file], ORDER);
    const { files } = JSON.parse(await readByRole(url)) as Granted;

    const signed = new URL(files[0]!.url);
    expect(signed.searchParams.get('versionId')).toBe(versionId);
    expect(signed.searchParams.get('X-Amz-SignedHeaders')).toBe('host');
    expect(signed.searchParams.get('X-Amz-Expires')).toBe('21600');
    expect(url).toMatch(new RegExp(`^s3://${bucket}/builds/d1/[0-9a-f]{32}\\.json$`));
    expect(other).not.toBe(url);
  });

  it('keeps the lists of Dockerfiles’ builds apart, and has a place of each one’s own for their images', async () => {
    const { store, bucket } = await open();

    const place = store.imagePlace('d1');
    const leaving = await store.grant('d1', [], { ...ORDER, leavesImageAt: String(place) });
    const taking = await store.grant('d1', [], { ...ORDER, takesImageFrom: String(place) });

    expect(place).toMatch(new RegExp(`^s3://${bucket}/own-images/d1/[0-9a-f]{32}$`));
    expect(store.imagePlace('d1')).not.toBe(place);
    expect(leaving).toMatch(new RegExp(`^s3://${bucket}/own-builds/d1/[0-9a-f]{32}\\.json$`));
    expect(taking).toMatch(new RegExp(`^s3://${bucket}/builds/d1/[0-9a-f]{32}\\.json$`));
  });

  it('keeps the orders of environments apart from the lists of models, to be read by their URL', async () => {
    const { store, bucket } = await open();

    const url = new URL(await store.grant('d1-environment', [], { environments: [] }));

    expect(url.pathname).toMatch(
      new RegExp(`^/${bucket}/orders/d1-environment/[0-9a-f]{32}\\.json$`),
    );
    expect(url.searchParams.get('X-Amz-Expires')).toBe('21600');
    expect(await (await fetch(url)).json()).toEqual({ order: { environments: [] }, files: [] });
  });

  for (const [deed, run] of Object.entries(DEEDS)) {
    itBearsFaults(deed, async () => {
      const { bucket, put, client, readByRole } = await s3World(moto());
      await put(KEY, 'one');
      const ref = { bucket, key: KEY, versionId: await put(KEY, 'two') };
      const over = (outer: (to: AnyClient) => void) => {
        const faulty = client({ maxAttempts: 1 });
        outer(faulty);
        return s3ArtifactStore({ client: faulty, bucket });
      };
      const listing = s3ArtifactStore({ client: client(), bucket });
      return {
        deed: (outer) => run(over(outer), ref, readByRole),
        // A list that nobody received is left for a day.
        left: async () => {
          const keys = (await listing.list(bucket, '', upTo(99))).map(({ key }) => key);
          return [...new Set(keys.map((key) => key.replace(/[0-9a-f]{32}/, 'secret')))];
        },
      };
    });
  }
});
