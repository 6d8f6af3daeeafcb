/** One call of S3's API: `$1` in a value stands for the first id (of a version or an upload) that an answer has brought. */
export type Call = {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Why the answer is another than the witness's, and which. */
  readonly differs?: { readonly because: string; readonly answer: unknown };
};

const Bucket = 'bucket';
const Key = 'notes/a.txt';

const call = (operation: string, input: object = {}, differs?: Call['differs']): Call => ({
  operation,
  input: { ...(operation !== 'ListBuckets' && { Bucket }), ...input },
  ...(differs && { differs }),
});
const put = (key: string, Body: string, more = {}) =>
  call('PutObject', { Key: key, Body, ...more });

/** The calls that clients make of a bucket, from an empty one on. */
export const CALLS: readonly Call[] = [
  call('ListBuckets'),
  call('HeadBucket'),
  call('HeadBucket', { Bucket: 'other' }),
  call('GetBucketVersioning'),
  call('ListObjectsV2'),
  call('ListObjects'),
  put(Key, 'one', { ContentType: 'text/plain', Metadata: { owner: 'Ann' } }),
  call('HeadObject', { Key }),
  call('GetObject', { Key }),
  call('GetObject', { Key, Range: 'bytes=1-' }),
  call('GetObject', { Key, Range: 'bytes=-2' }),
  call('GetObject', { Key, Range: 'bytes=9-' }),
  call('GetObject', { Key: 'none' }),
  call('HeadObject', { Key: 'none' }),
  call('GetObject', { Key, IfMatch: '"other"' }),
  call('GetObject', { Key, IfNoneMatch: '"f97c5d29941bfb1b2fdab0874906ab82"' }),
  put(Key, 'two'),
  call('GetObject', { Key }),
  call('GetObject', { Key, VersionId: '$1' }),
  put(Key, 'three', { IfNoneMatch: '*' }),
  put('notes/b/c.txt', 'c'),
  put('notes/b/d.txt', 'd'),
  put('notes/e f+g&h.txt', 'e'),
  call('ListObjectsV2', { Prefix: 'notes/', Delimiter: '/' }),
  call('ListObjectsV2', { Prefix: 'notes/b/' }),
  call('ListObjectsV2', { StartAfter: 'notes/b/c.txt' }),
  call('ListObjects', { Prefix: 'notes/', Delimiter: '/' }),
  call(
    'ListObjects',
    { Marker: 'notes/b/d.txt' },
    {
      because: 'moto does not repeat the marker; S3 does (API_ListObjects)',
      answer: {
        Contents: [
          { ETag: '"e1671797c52e15f763380b45e841ec32"', Key: 'notes/e f+g&h.txt', Size: 1 },
        ],
        IsTruncated: false,
        Marker: 'notes/b/d.txt',
        MaxKeys: 1000,
        Name: Bucket,
      },
    },
  ),
  call('ListObjectsV2', { Prefix: 'nothing' }),
  call('CopyObject', { Key: 'notes/copy.txt', CopySource: `${Bucket}/${Key}` }),
  call('HeadObject', { Key: 'notes/copy.txt' }),
  call('CopyObject', { Key, CopySource: `${Bucket}/none` }),
  call('CreateMultipartUpload', { Key: 'notes/parts.bin' }),
  call('UploadPart', { Key: 'notes/parts.bin', UploadId: '$7', PartNumber: 1, Body: 'first' }),
  call('ListParts', { Key: 'notes/parts.bin', UploadId: '$7' }),
  call('CompleteMultipartUpload', {
    Key: 'notes/parts.bin',
    UploadId: '$7',
    MultipartUpload: { Parts: [{ PartNumber: 1, ETag: '"8b04d5e3775d298e78455efc5ca404d5"' }] },
  }),
  call('GetObject', { Key: 'notes/parts.bin' }),
  call('CreateMultipartUpload', { Key: 'notes/given-up.bin' }),
  call('AbortMultipartUpload', { Key: 'notes/given-up.bin', UploadId: '$9' }),
  call(
    'UploadPart',
    { Key: 'notes/given-up.bin', UploadId: '$9', PartNumber: 1, Body: 'x' },
    {
      because: 'moto fails on an upload that was given up; S3 names the reason (API_UploadPart)',
      answer: { error: 'NoSuchUpload' },
    },
  ),
  call('DeleteObject', { Key }),
  call('GetObject', { Key }),
  call('ListObjectVersions', { Prefix: Key }),
  call('DeleteObjects', {
    Delete: { Objects: [{ Key: 'notes/b/c.txt' }, { Key: 'notes/b/d.txt' }] },
  }),
  call('ListObjectsV2', { Prefix: 'notes/' }),
  call('GetBucketLocation'),
];
