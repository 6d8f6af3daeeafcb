import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { systemClock } from '#adapters/clocks.ts';
import { type ObjectVersion, objectVersions } from '#adapters/local/bucket/object-versions.ts';
import { listObjectsV2, listObjectVersions } from '#adapters/local/s3/listing.ts';
import { multipartUploads } from '#adapters/local/s3/multipart-uploads.ts';
import { BUCKET as Bucket, type S3Door, s3Door } from '../../../support/doors/s3-door.ts';
import { unsyncedDatabase } from '../../../support/local/unsynced-database.ts';

let door: S3Door;
beforeAll(async () => {
  door = await s3Door();
});
afterAll(() => door.close());
afterEach(async () => {
  for (const key of door.versions.keys()) await door.store.remove(key);
});

async function filled(...keys: readonly string[]) {
  for (const key of keys) await door.store.put(key, Readable.from([Buffer.from(key)]));
}

const v2 = (more = {}) => door.client().send(new ListObjectsV2Command({ Bucket, ...more }));
const v1 = (more = {}) => door.client().send(new ListObjectsCommand({ Bucket, ...more }));
const keysOf = (said: { Contents?: { Key?: string | undefined }[] | undefined }) =>
  (said.Contents ?? []).map(({ Key }) => Key);
const prefixesOf = (said: { CommonPrefixes?: { Prefix?: string | undefined }[] | undefined }) =>
  (said.CommonPrefixes ?? []).map(({ Prefix }) => Prefix);

const KEYS = ['a.txt', 'models/a/a.onnx', 'models/a/b/c.bin', 'models/b/b.onnx', 'z.txt'];

describe.each([
  ['the second version', v2],
  ['the first version', v1],
] as const)('a list by %s', (_, list) => {
  it('has all keys, in order, with their sizes', async () => {
    await filled(...KEYS.toReversed());

    const said = await list();

    expect(keysOf(said)).toEqual(KEYS);
    expect(said.Contents?.map(({ Size }) => Size)).toEqual(KEYS.map((key) => key.length));
    expect(said.IsTruncated).toBe(false);
  });

  it.each([
    [{ Prefix: 'models/a/' }, ['models/a/a.onnx', 'models/a/b/c.bin'], []],
    [{ Delimiter: '/' }, ['a.txt', 'z.txt'], ['models/']],
    [{ Prefix: 'models/', Delimiter: '/' }, [], ['models/a/', 'models/b/']],
    [{ Prefix: 'models/a/', Delimiter: '/' }, ['models/a/a.onnx'], ['models/a/b/']],
    [{ Prefix: 'models', Delimiter: '/' }, [], ['models/']],
    [{ Delimiter: 'els/' }, ['a.txt', 'z.txt'], ['models/']],
    [{ Prefix: 'none' }, [], []],
  ])('asked for %j has those', async (asked, keys, prefixes) => {
    await filled(...KEYS);

    const said = await list(asked);

    expect([keysOf(said), prefixesOf(said)]).toEqual([keys, prefixes]);
  });

  it('has any key that a file can have, encoded or not', async () => {
    const keys = ['a+b c/%25&<é>.txt', 'it\'s/模型"x".bin'];
    await filled(...keys);

    expect(keysOf(await list())).toEqual(keys);
    const encoded = await list({ EncodingType: 'url' });
    expect(keysOf(encoded).map((key) => decodeURIComponent(key ?? ''))).toEqual(keys);
  });

  it('says what it does not understand', async () => {
    await expect(list({ EncodingType: 'base64' })).rejects.toMatchObject({
      name: 'InvalidArgument',
    });
    await expect(list({ MaxKeys: -1 })).rejects.toMatchObject({ name: 'InvalidArgument' });
    expect((await list({ MaxKeys: 0 })).IsTruncated).toBe(false);
  });
});

it('goes on from page to page by either version, and loses nothing', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.stringMatching(/^[ab]{1,2}(\/[abé]{1,2}){0,2}$/), { maxLength: 12 }),
      fc.constantFrom('', 'a', 'a/', 'b/a'),
      fc.constantFrom(undefined, '/'),
      fc.integer({ min: 1, max: 4 }),
      async (wanted, start, Delimiter, MaxKeys) => {
        run += 1;
        const root = `${run}/`;
        // A key that is a folder of another cannot be a file too.
        const files = wanted.filter((key) => !wanted.some((other) => other.startsWith(`${key}/`)));
        const keys = files.map((key) => root + key);
        const Prefix = root + start;
        await filled(...keys);
        const asked = { Prefix, Delimiter, MaxKeys };
        const whole = await v2({ Prefix, Delimiter });

        const seen = { keys: [] as unknown[], prefixes: [] as unknown[] };
        for await (const page of paginateListObjectsV2(
          { client: door.client() },
          { Bucket, ...asked },
        )) {
          expect(page.KeyCount).toBeLessThanOrEqual(MaxKeys);
          seen.keys.push(...keysOf(page));
          seen.prefixes.push(...prefixesOf(page));
        }
        const first = { keys: [] as unknown[], prefixes: [] as unknown[] };
        for (let Marker: string | undefined = ''; Marker !== undefined; ) {
          const page: Awaited<ReturnType<typeof v1>> = await v1({ ...asked, Marker });
          first.keys.push(...keysOf(page));
          first.prefixes.push(...prefixesOf(page));
          Marker = page.IsTruncated ? (page.NextMarker ?? page.Contents?.at(-1)?.Key) : undefined;
        }

        expect(seen).toEqual({ keys: keysOf(whole), prefixes: prefixesOf(whole) });
        expect(first).toEqual(seen);
        expect(keysOf(await v2({ Prefix }))).toEqual(
          keys.filter((key) => key.startsWith(Prefix)).toSorted(byBytes),
        );
      },
    ),
    { numRuns: 12 },
  );
});

const byBytes = (one: string, other: string) =>
  Buffer.compare(Buffer.from(one), Buffer.from(other));

it('reads few rows of folders with many files', async () => {
  const root = await mkdtemp(join(tmpdir(), 'slipway-listing-'));
  using database = unsyncedDatabase(join(root, 'registry.db'));
  const versions = objectVersions(database, systemClock);
  const folders = Array.from({ length: 50 }, (_, index) => `many/${100 + index}/`);
  for (const folder of folders) {
    for (let file = 0; file < 40; file += 1) {
      versions.add(
        `${folder}${file}`,
        { sha256: '0'.repeat(64), sizeBytes: 1 },
        { content: '', changedNs: '' },
      );
    }
  }
  let rows = 0;
  const counted =
    <Asked extends unknown[]>(read: (...asked: Asked) => readonly ObjectVersion[]) =>
    (...asked: Asked) => {
      const found = read(...asked);
      rows += found.length;
      return found;
    };
  const bucket = {
    name: Bucket,
    store: door.store,
    versions: {
      ...versions,
      newestFrom: counted(versions.newestFrom),
      versionsFrom: counted(versions.versionsFrom),
    },
    uploads: multipartUploads(root, systemClock, () => undefined),
    started: async () => undefined,
    clock: systemClock,
  };
  const request = {
    ...{ method: 'GET', path: `/${Bucket}`, headers: {}, bucket: Bucket, key: '' },
    query: { prefix: ['many/'], delimiter: ['/'] },
    caller: door.key,
  };

  for (const list of [listObjectsV2, listObjectVersions]) {
    rows = 0;
    const { body } = await list(bucket, request);

    expect(String(body).match(/<CommonPrefixes>/g)?.length).toBe(folders.length);
    expect(rows).toBeLessThanOrEqual(20 * folders.length);
  }
  await rm(root, { recursive: true });
});

it('begins after a key, and refuses a token that it has not given', async () => {
  await filled(...KEYS);

  expect(keysOf(await v2({ StartAfter: 'models/a/a.onnx' }))).toEqual(KEYS.slice(2));
  await expect(v2({ ContinuationToken: '!!!' })).rejects.toMatchObject({ name: 'InvalidArgument' });
});

it('lists the versions of all keys from page to page', async () => {
  await filled('a.txt', 'a.txt', 'b.txt');
  await door.store.remove('a.txt');
  await filled('c/d.txt');
  const seen: string[] = [];

  for (let marker: object | undefined = {}; marker; ) {
    const page: Awaited<ReturnType<typeof list>> = await list(marker);
    for (const { Key, IsLatest } of page.DeleteMarkers ?? []) seen.push(`-${Key} ${IsLatest}`);
    for (const { Key, IsLatest } of page.Versions ?? []) seen.push(`${Key} ${IsLatest}`);
    marker = page.IsTruncated
      ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
      : undefined;
  }

  const ofNow = seen.filter((line) => line.endsWith('true'));
  expect(ofNow).toEqual(expect.arrayContaining(['-a.txt true', 'b.txt true', 'c/d.txt true']));
  expect(seen.filter((line) => line === 'a.txt false').length).toBeGreaterThanOrEqual(2);
  expect(new Set(ofNow).size).toBe(ofNow.length);

  function list(marker: object) {
    return door.client().send(new ListObjectVersionsCommand({ Bucket, MaxKeys: 2, ...marker }));
  }
});
