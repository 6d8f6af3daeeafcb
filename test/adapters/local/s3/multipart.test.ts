import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3ServiceException,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { systemClock } from '#adapters/clocks.ts';
import { multipartUploads } from '#adapters/local/s3/multipart-uploads.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';
import { BUCKET as Bucket, type S3Door, s3Door } from '../../../support/doors/s3-door.ts';

const Key = 'models/digits/digits.onnx';
const PART = 5 * 2 ** 20;

let door: S3Door;
beforeAll(async () => {
  door = await s3Door();
});
afterAll(() => door.close());
afterEach(async () => {
  for (const key of door.versions.keys()) await door.store.remove(key);
});

const refusalOf = (sent: Promise<unknown>) =>
  sent.then(
    () => 'no refusal',
    (error: S3ServiceException) => `${error.$metadata.httpStatusCode} ${error.name}`,
  );
const bytesOf = (size: number, letter = 'a') => Buffer.alloc(size, letter);
const begin = async (more = {}) => {
  const { UploadId } = await door
    .client()
    .send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }));
  return UploadId!;
};
const part = (UploadId: string, PartNumber: number, Body: Buffer, more = {}) =>
  door.client().send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body, ...more }));
const complete = (UploadId: string, Parts: readonly object[], more = {}) =>
  door.client().send(
    new CompleteMultipartUploadCommand({
      Bucket,
      Key,
      UploadId,
      MultipartUpload: { Parts: [...Parts] },
      ...more,
    }),
  );
const waiting = () => readdir(join(door.root, 'multipart'));

describe('an upload in parts', () => {
  it('is an object once it is complete, and nothing of it before', async () => {
    const events = door.events.length;
    const body = Readable.from([bytesOf(PART, 'a'), bytesOf(PART, 'b'), bytesOf(1000, 'c')]);

    const upload = new Upload({
      client: door.client(),
      params: { Bucket, Key, Body: body, ContentType: 'application/onnx' },
      partSize: PART,
    });
    upload.on('httpUploadProgress', () => {
      if (door.versions.latest(Key) === undefined) expect(door.events.length).toBe(events);
    });
    const { ETag } = await upload.done();

    const whole = Buffer.concat([bytesOf(PART, 'a'), bytesOf(PART, 'b'), bytesOf(1000, 'c')]);
    expect((await readFile(join(door.root, 'bucket', Key))).equals(whole)).toBe(true);
    expect(ETag).toMatch(/^"[0-9a-f]{32}-3"$/);
    expect(door.events.length).toBe(events + 1);
    expect(await waiting()).toEqual([]);
    const head = await door.client().send(new HeadObjectCommand({ Bucket, Key }));
    expect(head).toMatchObject({ ETag, ContentType: 'application/onnx' });
  });

  it.each([
    ['CRC32', 'COMPOSITE', /-2$/],
    ['CRC32C', 'COMPOSITE', /-2$/],
    ['SHA256', 'COMPOSITE', /-2$/],
    ['CRC64NVME', 'FULL_OBJECT', /=$/],
    ['CRC32', 'FULL_OBJECT', /=$/],
  ] as const)('has a checksum by %s, %s', async (algorithm, type, form) => {
    const name = `Checksum${algorithm}` as 'ChecksumCRC32';
    const more = { ChecksumAlgorithm: algorithm };
    const id = await begin({ ...more, ChecksumType: type });
    const one = await part(id, 1, bytesOf(PART), more);
    const two = await part(id, 2, bytesOf(10, 'b'), more);

    const said = await complete(id, [
      { PartNumber: 1, ETag: one.ETag, [name]: one[name] },
      { PartNumber: 2, ETag: two.ETag, [name]: two[name] },
    ]);
    const found = await door
      .client()
      .send(new GetObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));

    expect(said[name]).toMatch(form);
    expect(said.ChecksumType).toBe(type);
    expect(found[name]).toBe(said[name]);
    // The SDK compares the checksum of a whole object with the bytes that it reads.
    expect((await found.Body!.transformToByteArray()).length).toBe(PART + 10);
  });

  it.each([
    ['CRC32', 'FULL_OBJECT'],
    ['CRC32', 'COMPOSITE'],
    ['CRC64NVME', 'FULL_OBJECT'],
  ] as const)('is complete with its checksum by %s, %s', async (algorithm, type) => {
    const name = `Checksum${algorithm}` as 'ChecksumCRC32';
    const begun = async () => {
      const id = await begin({ ChecksumAlgorithm: algorithm, ChecksumType: type });
      const { ETag } = await part(id, 1, bytesOf(10), { ChecksumAlgorithm: algorithm });
      return [id, [{ PartNumber: 1, ETag }]] as const;
    };
    const known = (await complete(...(await begun())))[name] ?? '';

    const [id, parts] = await begun();
    const wrong = known
      .replace(/-1$/, '-2')
      .replace(/^(.)/, (letter) => (type === 'COMPOSITE' ? letter : letter === 'A' ? 'B' : 'A'));
    expect(await refusalOf(complete(id, parts, { [name]: wrong, ChecksumType: type }))).toBe(
      '400 BadDigest',
    );
    const said = await complete(id, parts, { [name]: known, ChecksumType: type });

    expect(said[name]).toBe(known);
  });

  it('is compared with a checksum that its client names at the end alone', async () => {
    const id = await begin();
    const { ETag } = await part(id, 1, bytesOf(10));
    const parts = [{ PartNumber: 1, ETag }];
    const value = Buffer.alloc(4);
    value.writeUInt32BE(crc32(bytesOf(10)));

    expect(await refusalOf(complete(id, parts, { ChecksumCRC32: 'AAAAAA==' }))).toBe(
      '400 BadDigest',
    );
    expect(await refusalOf(complete(id, parts, { ChecksumCRC32: 'AAAAAA==-1' }))).toBe(
      '400 BadDigest',
    );
    const said = await complete(id, parts, { ChecksumCRC32: value.toString('base64') });

    expect(said.ChecksumCRC32).toBe(value.toString('base64'));
  });

  it('takes its parts in any order, each as often as it is sent', async () => {
    const id = await begin();
    const last = await part(id, 7, bytesOf(5, 'z'));
    await part(id, 2, bytesOf(PART, 'x'));
    const first = await part(id, 2, bytesOf(PART, 'y'));

    const { Parts } = await door.client().send(new ListPartsCommand({ Bucket, Key, UploadId: id }));
    await complete(id, [
      { PartNumber: 2, ETag: first.ETag },
      { PartNumber: 7, ETag: last.ETag },
    ]);

    expect(Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
      [2, PART],
      [7, 5],
    ]);
    const hash = createHash('sha256').update(bytesOf(PART, 'y')).update('zzzzz').digest('hex');
    expect(door.versions.latest(Key)?.sha256).toBe(hash);
  });

  it('is complete once, however often its client asks', async () => {
    const events = door.events.length;
    const id = await begin();
    const { ETag } = await part(id, 1, bytesOf(10));
    const ask = () => complete(id, [{ PartNumber: 1, ETag }]);

    const [one, other] = await Promise.all([ask(), ask()]);
    const late = await ask();

    expect(new Set([one.VersionId, other.VersionId, late.VersionId]).size).toBe(1);
    expect(door.events.length).toBe(events + 1);
  });

  it.each([
    ['a part that never came', [1, 3], '400 InvalidPart'],
    ['parts in another order', [2, 1], '400 InvalidPartOrder'],
    ['a part twice', [1, 1], '400 InvalidPartOrder'],
    ['no parts', [], '400 MalformedXML'],
    ['a small part before the last', [1, 2], '400 EntityTooSmall'],
  ])('is not complete with %s', async (_, numbers, refusal) => {
    const id = await begin();
    const one = await part(id, 1, bytesOf(10));
    await part(id, 2, bytesOf(10));
    const parts = numbers.map((PartNumber) => ({ PartNumber, ETag: one.ETag }));

    expect(await refusalOf(complete(id, parts))).toBe(refusal);
    expect(door.versions.latest(Key)).toBeUndefined();
    expect(await waiting()).toContain(id);
    await door.client().send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId: id }));
    expect(await waiting()).not.toContain(id);
  });

  it('is not complete with another checksum, size or condition than its client says', async () => {
    const id = await begin({ ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' });
    const { ETag } = await part(id, 1, bytesOf(10), { ChecksumAlgorithm: 'CRC32' });
    const parts = [{ PartNumber: 1, ETag }];

    expect(await refusalOf(complete(id, parts, { ChecksumCRC32: 'AAAAAA==' }))).toBe(
      '400 BadDigest',
    );
    expect(await refusalOf(complete(id, parts, { MpuObjectSize: 11 }))).toBe('400 InvalidRequest');
    await door.client().send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    expect(await refusalOf(complete(id, parts, { IfNoneMatch: '*' }))).toBe(
      '412 PreconditionFailed',
    );
  });

  it('is made of other objects', async () => {
    await door
      .client()
      .send(new PutObjectCommand({ Bucket, Key: 'notes/a', Body: bytesOf(PART, 'q') }));
    const id = await begin();
    const copy = (PartNumber: number, CopySourceRange?: string) =>
      door.client().send(
        new UploadPartCopyCommand({
          ...{ Bucket, Key, UploadId: id, PartNumber, CopySourceRange },
          CopySource: `${Bucket}/notes/a`,
        }),
      );
    const one = await copy(1);
    const two = await copy(2, 'bytes=0-9');
    for (const range of ['bytes=0-99999999', 'bytes=99999999-', 'bytes=9-1']) {
      expect([range, await refusalOf(copy(3, range))]).toEqual([range, '400 InvalidArgument']);
    }
    await complete(id, [
      { PartNumber: 1, ETag: one.CopyPartResult?.ETag },
      { PartNumber: 2, ETag: two.CopyPartResult?.ETag },
    ]);

    expect(door.versions.latest(Key)?.sizeBytes).toBe(PART + 10);
    expect(await refusalOf(copy(1, 'bytes=9-1'))).toBe('404 NoSuchUpload');
  });

  it.each(['abc', '-1', '1.5', ''])('is listed by numbers alone, not by %j', async (text) => {
    const id = await begin();
    const wrong = text as unknown as number;

    for (const asked of [{ MaxParts: wrong }, { PartNumberMarker: text }]) {
      const list = new ListPartsCommand({ Bucket, Key, UploadId: id, ...asked });
      expect(await refusalOf(door.client().send(list))).toBe('400 InvalidArgument');
    }
    const uploads = new ListMultipartUploadsCommand({ Bucket, MaxUploads: wrong });
    expect(await refusalOf(door.client().send(uploads))).toBe('400 InvalidArgument');
  });

  it('is listed from page to page', async () => {
    const begun = [await begin(), await begin(), await begin()];
    const seen: string[] = [];
    for (let marker: object | undefined = {}; marker; ) {
      const page: Awaited<ReturnType<typeof list>> = await list(marker);
      expect(page.Uploads?.length).toBeLessThanOrEqual(2);
      seen.push(...(page.Uploads ?? []).map(({ UploadId }) => UploadId ?? ''));
      marker = page.IsTruncated
        ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
        : undefined;
    }

    expect(seen).toEqual(expect.arrayContaining(begun));
    expect(new Set(seen).size).toBe(seen.length);

    function list(marker: object) {
      return door
        .client()
        .send(new ListMultipartUploadsCommand({ Bucket, MaxUploads: 2, ...marker }));
    }
  });

  it('is listed beside one whose file is broken, which is reported', async () => {
    const broken = await begin();
    const id = await begin();
    await writeFile(join(door.root, 'multipart', broken, 'upload.json'), '{');

    const { Uploads } = await door.client().send(new ListMultipartUploadsCommand({ Bucket }));

    expect(Uploads?.map(({ UploadId }) => UploadId)).toContain(id);
    expect(door.problems).toMatchObject([{ message: expect.stringContaining(broken) }]);
    await rm(join(door.root, 'multipart', broken), { recursive: true });
  });

  it('belongs to its key', async () => {
    const id = await begin();
    const shapes = door.client(await door.keys.create('shapes', ['shapes']));
    const { Uploads } = await door.client().send(new ListMultipartUploadsCommand({ Bucket }));
    const seen = await shapes.send(new ListMultipartUploadsCommand({ Bucket }));
    const send = (key: string, UploadId: string) =>
      door
        .client()
        .send(new UploadPartCommand({ Bucket, Key: key, UploadId, PartNumber: 1, Body: 'x' }));

    expect(Uploads?.map(({ UploadId }) => UploadId)).toContain(id);
    expect(seen.Uploads ?? []).toEqual([]);
    expect(await refusalOf(send('models/digits/other.onnx', id))).toBe('404 NoSuchUpload');
    for (const wrong of ['..', '../keys', 'none', `${id}/..`]) {
      expect([wrong, await refusalOf(send(Key, wrong))]).toEqual([wrong, '404 NoSuchUpload']);
    }
    for (const number of [0, 10_001, -1]) {
      expect(await refusalOf(part(id, number, bytesOf(1)))).toBe('400 InvalidArgument');
    }
  });
});

it('an upload that nobody has gone on with for a day is removed when another begins', async () => {
  const root = await mkdtemp(join(tmpdir(), 'slipway-multipart-'));
  const clock = fakeClock(systemClock.now());
  const uploads = multipartUploads(root, clock, () => undefined);
  const about = { key: 'a', by: 'x', headers: {}, checksum: null };
  const old = await uploads.begin(about);
  clock.advance(23 * 3_600_000);
  await uploads.begin(about);
  expect(await uploads.find(old.id)).toEqual(old);

  clock.advance(2 * 3_600_000);
  const young = await uploads.begin(about);

  expect(await uploads.find(old.id)).toBeUndefined();
  expect(await uploads.find(young.id)).toEqual(young);
  await rm(root, { recursive: true });
});
