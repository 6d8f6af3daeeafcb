import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  ChecksumAlgorithm,
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3ServiceException,
} from '@aws-sdk/client-s3';
import { BUCKET as Bucket, type S3Door, s3Door } from '../../../support/doors/s3-door.ts';

const KEY = 'models/digits/digits.onnx';

let door: S3Door;
beforeAll(async () => {
  door = await s3Door();
});
afterAll(() => door.close());
afterEach(async () => {
  for (const key of door.versions.keys()) await door.store.remove(key);
});

const put = (Key: string, Body: string | Uint8Array | Readable, more = {}) =>
  door.client().send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = (Key: string, more = {}) =>
  door.client().send(new GetObjectCommand({ Bucket, Key, ...more }));
const head = (Key: string, more = {}) =>
  door.client().send(new HeadObjectCommand({ Bucket, Key, ...more }));
const textOf = async (Key: string, more = {}) => (await get(Key, more)).Body?.transformToString();
const md5 = (text: string) => `"${createHash('md5').update(text).digest('hex')}"`;
const refusalOf = (sent: Promise<unknown>) =>
  sent.then(
    () => 'no refusal',
    (error: S3ServiceException) => `${error.$metadata.httpStatusCode} ${error.name}`,
  );

describe('an object that is put', () => {
  it('is a file of the bucket, and starts what a dropped file starts', async () => {
    const { ETag, VersionId } = await put(KEY, 'the model');

    expect(ETag).toBe(md5('the model'));
    expect(readFileSync(join(door.root, 'bucket', KEY), 'utf8')).toBe('the model');
    expect(door.events.at(-1)?.detail).toMatchObject({
      object: { key: KEY, 'version-id': VersionId },
      requester: `all (S3 key ${door.key.id})`,
    });
  });

  it('is read again with what its client said of it', async () => {
    const Metadata = { owner: 'Ann', city: 'Zürich' };
    await put(KEY, 'the model', {
      ContentType: 'application/onnx',
      CacheControl: 'no-cache',
      Metadata,
    });

    const found = await get(KEY);

    expect(found).toMatchObject({
      ContentType: 'application/onnx',
      CacheControl: 'no-cache',
      ContentLength: 9,
      ETag: md5('the model'),
    });
    expect(found.Metadata?.['owner']).toBe('Ann');
    expect(await found.Body?.transformToString()).toBe('the model');
  });

  it.each(Object.values(ChecksumAlgorithm).filter((name) => !/XXHASH|MD5|SHA512/.test(name)))(
    'is checked by %s, before its bytes and after them',
    async (algorithm) => {
      const name = `Checksum${algorithm}` as 'ChecksumCRC32';

      const sent = await put(KEY, 'the model', { ChecksumAlgorithm: algorithm });
      const streamed = await put('models/digits/streamed.onnx', Readable.from(['the ', 'model']), {
        ChecksumAlgorithm: algorithm,
        ContentLength: 9,
      });
      const found = await head(KEY, { ChecksumMode: 'ENABLED' });

      expect(sent[name]).toMatch(/^[\w+/]+=*$/);
      expect(streamed[name]).toBe(sent[name]);
      expect(found[name]).toBe(sent[name]);
      expect(found.ChecksumType).toBe('FULL_OBJECT');
    },
  );

  it.each([
    ['a wrong checksum', { ChecksumCRC32: 'AAAAAA==' }, '400 BadDigest'],
    ['a wrong MD5', { ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' }, '400 BadDigest'],
    ['what is no MD5', { ContentMD5: 'AAAA' }, '400 InvalidDigest'],
    ['encryption', { ServerSideEncryption: 'AES256' }, '501 NotImplemented'],
    ['readers of its own', { ACL: 'public-read' }, '400 AccessControlListNotSupported'],
    ['a class of storage', { StorageClass: 'GLACIER' }, '400 InvalidStorageClass'],
    ['tags', { Tagging: 'a=b' }, '501 NotImplemented'],
    ['too much metadata', { Metadata: { a: 'x'.repeat(2100) } }, '400 InvalidArgument'],
  ])('is refused with %s, and nothing of it is kept', async (_, more, refusal) => {
    expect(await refusalOf(put(KEY, 'the model', more))).toBe(refusal);

    expect(door.versions.latest(KEY)).toBeUndefined();
  });

  it.each([
    ['../outside.onnx', '400 InvalidArgument'],
    ['models/../../outside.onnx', '400 InvalidArgument'],
    ['models/a/./b.onnx', '400 InvalidArgument'],
    ['models//b.onnx', '400 InvalidArgument'],
    ['/models/a/b.onnx', '400 InvalidArgument'],
    ['models/a/', '400 InvalidArgument'],
    ['models/a/b\0.onnx', '400 InvalidArgument'],
    ['models\\a\\b.onnx', '400 InvalidArgument'],
  ])('is refused at the key %j', (key, refusal) => requireRefused(key, refusal));

  it('is refused with a long key, or a long name in it', async () => {
    await requireRefused(`models/a/${'n'.repeat(256)}`, '400 KeyTooLongError');
    await requireRefused(`models/${'a/'.repeat(520)}b`, '400 KeyTooLongError');
  });

  async function requireRefused(key: string, refusal: string) {
    expect(await refusalOf(put(key, 'x'))).toBe(refusal);
    expect(await refusalOf(get(key))).toMatch(/^40[34] /);
    expect(await refusalOf(door.client().send(new DeleteObjectCommand({ Bucket, Key: key })))).toBe(
      'no refusal',
    );
  }

  it.each([
    "models/a/ä b+c&d=e?f#g%2F'()*!~.onnx",
    'models/a/模型.onnx',
    'models/a/%2e%2e.onnx',
    'models/a/a b.onnx',
  ])('has the key %s to the letter', async (key) => {
    await put(key, 'x');

    expect(door.versions.keys()).toEqual([key]);
    expect(await textOf(key)).toBe('x');
  });

  it('is never put through a link', async () => {
    await mkdir(join(door.root, 'elsewhere'), { recursive: true });
    await symlink(join(door.root, 'elsewhere'), join(door.root, 'bucket/linked'));

    expect(await refusalOf(put('linked/a.txt', 'x'))).toBe('400 InvalidArgument');
  });

  it('is refused where a folder has its name', async () => {
    await put('models/a/b/c.txt', 'x');

    expect(await refusalOf(put('models/a/b', 'x'))).toBe('400 InvalidArgument');
  });

  it('is refused in the place of the folder of the models', async () => {
    expect(await refusalOf(put('models', 'a model'))).toBe('400 InvalidArgument');
    await put('models/digits/a.onnx', 'x');
  });

  it('is refused where a folder that somebody has made has its name', async () => {
    await put('notes/mine/a', 'x');
    await door.store.remove('notes/mine/a');
    await mkdir(join(door.root, 'bucket/notes/mine/theirs'));

    expect(await refusalOf(put('notes/mine', 'x'))).toBe('400 InvalidArgument');
    expect(existsSync(join(door.root, 'bucket/notes/mine/theirs'))).toBe(true);
  });

  it('is deleted as one that is missing where its key is a folder', async () => {
    await put(KEY, 'hello');

    const { $metadata } = await door
      .client()
      .send(new DeleteObjectCommand({ Bucket, Key: 'models/digits' }));

    expect($metadata.httpStatusCode).toBe(204);
    expect(await textOf(KEY)).toBe('hello');
  });

  it('is refused with the last character of Unicode in its key, which ends a listing', async () => {
    expect(await refusalOf(put('notes/\u{10ffff}', 'x'))).toBe('400 InvalidArgument');
  });

  it('may have the name of a folder that nothing is left in', async () => {
    await put('models/a/x/y/z.txt', 'x');
    await door.client().send(new DeleteObjectCommand({ Bucket, Key: 'models/a/x/y/z.txt' }));

    await put('models/a/x', 'file');

    expect(await textOf('models/a/x')).toBe('file');
    expect(readFileSync(join(door.root, 'bucket/models/a/x'), 'utf8')).toBe('file');
  });

  it('keeps letters of another case apart', async () => {
    await put('models/a/A.txt', 'large');
    await put('models/a/a.txt', 'small');

    expect([await textOf('models/a/A.txt'), await textOf('models/a/a.txt')]).toEqual([
      'large',
      'small',
    ]);
  });
});

describe('an object that is read', () => {
  it('may be empty', async () => {
    await put('notes/empty.txt', '');

    expect(await textOf('notes/empty.txt')).toBe('');
    expect((await head('notes/empty.txt')).ContentLength).toBe(0);
  });

  it('says what it is to whoever knows it already', async () => {
    const { ETag } = await put(KEY, 'x');
    const hour = (hours: number) => new Date(Date.parse('2026-01-01') + hours * 1e10);

    expect(await refusalOf(get(KEY, { IfNoneMatch: ETag }))).toMatch(/^304 /);
    expect(await refusalOf(get(KEY, { IfMatch: '"other"' }))).toBe('412 PreconditionFailed');
    expect(await refusalOf(get(KEY, { IfModifiedSince: hour(1000) }))).toMatch(/^304 /);
    expect(await refusalOf(get(KEY, { IfUnmodifiedSince: hour(-1000) }))).toBe(
      '412 PreconditionFailed',
    );
    expect(await textOf(KEY, { IfMatch: ETag, IfUnmodifiedSince: hour(-1000) })).toBe('x');
  });

  it('says so where it was deleted', async () => {
    await put(KEY, 'hello');
    const { VersionId } = await door.client().send(new DeleteObjectCommand({ Bucket, Key: KEY }));
    const headersOf = async (more: object) => {
      const client = door.client();
      let headers: Record<string, string> = {};
      client.middlewareStack.add(
        (next) => async (args) => {
          const answer = await next(args);
          headers = (answer.response as { headers: Record<string, string> }).headers;
          return answer;
        },
        { step: 'deserialize', priority: 'low' },
      );
      await refusalOf(client.send(new GetObjectCommand({ Bucket, Key: KEY, ...more })));
      return headers;
    };

    const newest = await headersOf({});
    const marker = await headersOf({ VersionId });

    for (const headers of [newest, marker]) {
      expect(headers).toMatchObject({
        'x-amz-delete-marker': 'true',
        'x-amz-version-id': VersionId,
      });
    }
  });

  it('is missing as in S3', async () => {
    expect(await refusalOf(get(KEY))).toBe('404 NoSuchKey');
    expect(await refusalOf(head(KEY))).toBe('404 NotFound');
    expect(await refusalOf(get(KEY, { VersionId: 'none' }))).toBe('404 NoSuchVersion');
    expect(await refusalOf(get(KEY, { Bucket: 'other' }))).toBe('404 NoSuchBucket');
  });

  it('has an entity tag of its bytes where it was dropped in the folder', async () => {
    await door.store.put(KEY, Readable.from([Buffer.from('dropped')]));

    const { ETag } = await head(KEY);

    expect(ETag).toMatch(/^"[0-9a-f]{32}-1"$/);
    expect(await textOf(KEY, { IfMatch: ETag })).toBe('dropped');
  });

  it('has the headers that its reader asks for', async () => {
    await put(KEY, 'x');

    const found = await get(KEY, { ResponseContentDisposition: 'attachment; filename="a.onnx"' });

    expect(found.ContentDisposition).toBe('attachment; filename="a.onnx"');
  });
});

describe('versions', () => {
  it('stay readable after an object is replaced and deleted', async () => {
    const one = await put(KEY, 'one');
    const two = await put(KEY, 'two');
    const marker = await door.client().send(new DeleteObjectCommand({ Bucket, Key: KEY }));

    expect(await textOf(KEY, { VersionId: one.VersionId })).toBe('one');
    expect(await textOf(KEY, { VersionId: two.VersionId })).toBe('two');
    expect(marker.DeleteMarker).toBe(true);
    expect(await refusalOf(get(KEY))).toBe('404 NoSuchKey');
    expect(await refusalOf(get(KEY, { VersionId: marker.VersionId }))).toBe('405 MethodNotAllowed');

    const { Versions, DeleteMarkers } = await door
      .client()
      .send(new ListObjectVersionsCommand({ Bucket, Prefix: KEY, MaxKeys: 3 }));
    expect(DeleteMarkers).toMatchObject([{ VersionId: marker.VersionId, IsLatest: true }]);
    expect(Versions).toMatchObject([
      { VersionId: two.VersionId, IsLatest: false },
      { VersionId: one.VersionId, IsLatest: false },
    ]);
  });

  it('are not deleted by clients, since deployments are made from them', async () => {
    const { VersionId } = await put(KEY, 'x');
    const sent = door.client().send(new DeleteObjectCommand({ Bucket, Key: KEY, VersionId }));

    expect(await refusalOf(sent)).toBe('403 AccessDenied');
    expect(await textOf(KEY)).toBe('x');
  });
});

describe('a write on a condition', () => {
  it('makes what is not there, and nothing else', async () => {
    await put(KEY, 'first', { IfNoneMatch: '*' });

    expect(await refusalOf(put(KEY, 'second', { IfNoneMatch: '*' }))).toBe(
      '412 PreconditionFailed',
    );
    expect(await textOf(KEY)).toBe('first');
  });

  it('lets one of several win', async () => {
    const sent = ['a', 'b', 'c', 'd'].map((text) =>
      refusalOf(put(KEY, text, { IfNoneMatch: '*' })),
    );

    const said = await Promise.all(sent);

    expect(said.toSorted()).toEqual([...Array(3).fill('412 PreconditionFailed'), 'no refusal']);
  });

  it('replaces and deletes what is known', async () => {
    const { ETag } = await put(KEY, 'first');
    const remove = (IfMatch: string | undefined) =>
      door.client().send(new DeleteObjectCommand({ Bucket, Key: KEY, IfMatch }));

    expect(await refusalOf(put(KEY, 'second', { IfMatch: '"other"' }))).toBe(
      '412 PreconditionFailed',
    );
    expect(await refusalOf(put('models/a/none.txt', 'x', { IfMatch: ETag }))).toBe('404 NoSuchKey');
    const second = await put(KEY, 'second', { IfMatch: ETag });
    expect(await refusalOf(remove(ETag))).toBe('412 PreconditionFailed');
    await remove(second.ETag);
    expect(await refusalOf(head(KEY))).toBe('404 NotFound');
  });
});

/** The objects of the bucket that are open in this process. */
function openObjects(): number {
  const fds = '/proc/self/fd';
  const targets = readdirSync(fds).map((fd) => {
    try {
      return readlinkSync(join(fds, fd));
    } catch {
      return '';
    }
  });
  return targets.filter((path) => path.startsWith(join(door.root, 'objects/'))).length;
}

describe('a copy', () => {
  (existsSync('/proc/self/fd') ? it : it.skip)('that is refused leaves no file open', async () => {
    await put(KEY, 'hello');
    await put('models/digits/there.onnx', 'there');

    for (let copies = 0; copies < 5; copies += 1) {
      const sent = copy('models/digits/there.onnx', `${Bucket}/${KEY}`, { IfNoneMatch: '*' });
      expect(await refusalOf(sent)).toBe('412 PreconditionFailed');
    }

    expect(openObjects()).toBe(0);
  });

  const copy = (Key: string, CopySource: string, more = {}) =>
    door.client().send(new CopyObjectCommand({ Bucket, Key, CopySource, ...more }));

  it('has the bytes and the headers of its source', async () => {
    await put('notes/ä b.txt', 'the text', { ContentType: 'text/plain', Metadata: { a: 'b' } });

    const { CopyObjectResult } = await copy(
      KEY,
      `${Bucket}/${encodeURIComponent('notes/ä b.txt')}`,
    );

    expect(CopyObjectResult?.ETag).toBe(md5('the text'));
    expect(await head(KEY)).toMatchObject({ ContentType: 'text/plain', Metadata: { a: 'b' } });
    expect(await textOf(KEY)).toBe('the text');
  });

  it('brings an earlier version back, and other headers where that is said', async () => {
    const one = await put(KEY, 'one');
    await put(KEY, 'two');

    await copy(KEY, `${Bucket}/${KEY}?versionId=${one.VersionId}`);
    expect(await textOf(KEY)).toBe('one');
    await copy(KEY, `${Bucket}/${KEY}`, { MetadataDirective: 'REPLACE', ContentType: 'text/x' });
    expect((await head(KEY)).ContentType).toBe('text/x');
  });

  it.each([
    ['itself unchanged', `${Bucket}/${KEY}`, {}, '400 InvalidRequest'],
    ['nothing', `${Bucket}/none`, {}, '404 NoSuchKey'],
    ['another bucket', 'other/a', {}, '404 NoSuchBucket'],
    ['no path', 'other', {}, '400 InvalidArgument'],
    [
      'another than it knows',
      `${Bucket}/${KEY}`,
      { CopySourceIfMatch: '"x"' },
      '412 PreconditionFailed',
    ],
  ])('is refused of %s', async (_, source, more, refusal) => {
    await put(KEY, 'x');

    expect(await refusalOf(copy(KEY, source, more))).toBe(refusal);
  });
});

describe('the bucket', () => {
  it('is the only one', async () => {
    const client = door.client();

    const { Buckets } = await client.send(new ListBucketsCommand({}));

    expect(Buckets?.map(({ Name }) => Name)).toEqual([Bucket]);
    await client.send(new HeadBucketCommand({ Bucket }));
    expect(await refusalOf(client.send(new HeadBucketCommand({ Bucket: 'other' })))).toBe(
      '404 NotFound',
    );
    expect(await refusalOf(client.send(new CreateBucketCommand({ Bucket })))).toBe(
      '409 BucketAlreadyOwnedByYou',
    );
    expect(await refusalOf(client.send(new CreateBucketCommand({ Bucket: 'other' })))).toBe(
      '400 TooManyBuckets',
    );
    const { Status } = await client.send(new GetBucketVersioningCommand({ Bucket }));
    expect(Status).toBe('Enabled');
    const location = await client.send(new GetBucketLocationCommand({ Bucket }));
    expect(location.LocationConstraint ?? '').toBe('');
  });

  it('says what it does not do', async () => {
    await put(KEY, 'x');
    const client = door.client();

    expect(await refusalOf(client.send(new GetObjectAclCommand({ Bucket, Key: KEY })))).toBe(
      '501 NotImplemented',
    );
    const Tagging = { TagSet: [{ Key: 'a', Value: 'b' }] };
    expect(
      await refusalOf(client.send(new PutObjectTaggingCommand({ Bucket, Key: KEY, Tagging }))),
    ).toBe('501 NotImplemented');
  });

  it('deletes many at once, and says what became of each', async () => {
    await put('notes/a', 'x');
    await put('notes/b', 'x');
    const Objects = [
      { Key: 'notes/a' },
      { Key: 'notes/none' },
      { Key: 'notes/b', VersionId: 'some' },
    ];

    const { Deleted, Errors } = await door
      .client()
      .send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));

    expect(Deleted?.map(({ Key }) => Key)).toEqual(['notes/a', 'notes/none']);
    expect(Errors).toMatchObject([{ Key: 'notes/b', Code: 'AccessDenied' }]);
    expect(door.versions.keys()).toEqual(['notes/b']);
  });
});

it('never answers other bytes than were put', async () => {
  await put(KEY, 'the model');
  const { sha256, versionId } = door.versions.latest(KEY)!;
  await rm(join(door.root, 'bucket', KEY));
  await chmod(door.store.objectPath(KEY, versionId), 0o644);
  await writeFile(join(door.root, 'objects', sha256), 'another');

  expect(await refusalOf(get(KEY, { VersionId: versionId }))).toBe('500 InternalError');
});

it('tells by tags what became of a model', async () => {
  await put(KEY, 'x');
  const tags = async () => {
    const { TagSet } = await door.client().send(new GetObjectTaggingCommand({ Bucket, Key: KEY }));
    return Object.fromEntries(TagSet?.map(({ Key, Value }) => [Key, Value]) ?? []);
  };

  expect(await tags()).toEqual({});
  const reason = `the pickle calls os.system("x"); ${'so '.repeat(200)}`;
  door.started.set(KEY, { state: 'Rejected', reason, version: 3 });

  const said = await tags();

  expect(said).toMatchObject({ 'slipway-state': 'Rejected', 'slipway-version': '3' });
  expect(said['slipway-reason']).toMatch(/^the pickle calls os\.systemx so so/);
  expect(said['slipway-reason']?.length).toBeLessThanOrEqual(256);
});
