import { Readable } from 'node:stream';
import * as z from 'zod/mini';
import { keyProblem } from '#adapters/local/bucket/key.ts';
import type { ObjectVersion } from '#adapters/local/bucket/object-versions.ts';
import { type Body, textOf } from './body.ts';
import { requireRight, type S3Answer, type S3Bucket } from './bucket.ts';
import { algorithmNamed } from './checksums.ts';
import { requireSource, writeConditions } from './conditions.ts';
import { digested } from './digested.ts';
import { checksumElements, keptHeaders, putHeaders } from './object-headers.ts';
import { bytesOf, existingVersion, markerHeaders } from './reads.ts';
import { refusal, refusalOf } from './refusal.ts';
import { parameter, type S3Request } from './request.ts';
import type { S3Key } from './s3-keys.ts';
import { type Element, listed, readDocument, s3Document } from './xml.ts';

/** Answers PutObject. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
export async function putObject(
  bucket: S3Bucket,
  request: S3Request,
  body: Body,
): Promise<S3Answer> {
  const headers = keptHeaders(request);
  requirePuttable(request);
  const about = () => {
    const { md5, checksum } = body.digests();
    return { etag: md5.toString('hex'), headers, checksum };
  };
  const { versionId } = await bucket.store.put(request.key, Readable.from(body.bytes), {
    ...upload(bucket, request),
    expectedBytes: body.sizeBytes,
    about,
  });
  return { status: 200, headers: putHeaders(versionId, about()) };
}

/** The options that every write to the bucket has. */
export function upload({ versions }: S3Bucket, { headers, caller }: S3Request) {
  return { require: writeConditions(headers, versions.aboutOf), sender: senderOf(caller) };
}

function senderOf({ name, id }: S3Key): string {
  return `${name} (S3 key ${id})`;
}

/** Fails before any byte is read: with `AccessDenied`, `KeyTooLongError`, and `InvalidArgument` where the key can be no file. */
export function requirePuttable({ key, caller }: Pick<S3Request, 'key' | 'caller'>): void {
  requireRight(caller, key);
  const problem = keyProblem(key);
  if (problem === undefined) return;
  const isLong = problem.includes('the limit is');
  throw refusal(
    isLong ? 'KeyTooLongError' : 'InvalidArgument',
    `The key ${problem}: each object is a file in the bucket's folder.`,
  );
}

/** Answers CopyObject. https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html */
export async function copyObject(bucket: S3Bucket, request: S3Request): Promise<S3Answer> {
  const replaced = keptHeaders(request);
  requirePuttable(request);
  const source = sourceOf(bucket, request);
  const before = bucket.versions.aboutOf(source.versionId);
  const isReplacing = request.headers['x-amz-metadata-directive'] === 'REPLACE';
  if (source.key === request.key && !isReplacing && !namesVersion(request)) {
    throw refusal(
      'InvalidRequest',
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata.",
    );
  }
  const headers = isReplacing ? replaced : (before?.headers ?? replaced);
  const asked = request.headers['x-amz-checksum-algorithm'];
  const algorithm = asked === undefined ? before?.checksum?.algorithm : algorithmNamed(asked);
  const whole = { start: 0, end: source.sizeBytes - 1 };
  const { bytes, digests } = digested(await bytesOf(bucket, source, whole), algorithm);
  const about = () => ({
    etag: digests().md5.toString('hex'),
    headers,
    checksum: digests().checksum,
  });
  const stored = await bucket.store.put(request.key, Readable.from(bytes), {
    ...upload(bucket, request),
    expectedBytes: source.sizeBytes,
    about,
  });
  return {
    status: 200,
    headers: {
      'x-amz-version-id': stored.versionId,
      'x-amz-copy-source-version-id': source.versionId,
    },
    body: s3Document([
      'CopyObjectResult',
      [
        ['LastModified', new Date(stored.lastModifiedMs).toISOString()],
        ['ETag', `"${about().etag}"`],
        ...checksumElements(about().checksum),
      ],
    ]),
  };
}

/** The version that a copy is made of. Fails with `InvalidArgument`, `NoSuchBucket`, `PreconditionFailed`, and as a read does. */
export function sourceOf(bucket: S3Bucket, { headers, caller }: S3Request): ObjectVersion {
  const [path = '', search] = (headers['x-amz-copy-source'] ?? '').split('?');
  const [, name, key] = /^\/?([^/]+)\/(.+)$/s.exec(decoded(path)) ?? [];
  if (name === undefined || key === undefined) throw sourceRefused();
  if (name !== bucket.name) {
    throw refusal('NoSuchBucket', `The specified bucket does not exist: ${name}`);
  }
  const versionId = search?.replace(/^versionId=/, '');
  const version = existingVersion(bucket, { key, caller }, versionId);
  requireSource(headers, version, bucket.versions.aboutOf(version.versionId));
  return version;
}

function namesVersion({ headers }: S3Request): boolean {
  return headers['x-amz-copy-source']?.includes('?versionId=') ?? false;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw sourceRefused();
  }
}

function sourceRefused() {
  return refusal(
    'InvalidArgument',
    'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
  );
}

/** Answers DeleteObject: the key is marked deleted, and its versions stay. */
export async function deleteObject(bucket: S3Bucket, request: S3Request): Promise<S3Answer> {
  const marker = await removed(bucket, request, parameter(request, 'versionId'));
  return { status: 204, ...(marker && { headers: markerHeaders(marker) }) };
}

async function removed(
  { store, versions }: S3Bucket,
  { key, caller, headers }: Pick<S3Request, 'key' | 'caller' | 'headers'>,
  versionId: string | undefined,
): Promise<ObjectVersion | undefined> {
  requireRight(caller, key);
  if (versionId !== undefined) {
    throw refusal(
      'AccessDenied',
      'Access Denied: a version stays for as long as the bucket or a deployment needs it; `slipway prune` removes the others.',
    );
  }
  // No object can have such a key, and to delete what is not there succeeds.
  if (keyProblem(key) !== undefined) return undefined;
  const { 'if-match': wanted } = headers;
  return store.remove(
    key,
    wanted === undefined ? undefined : writeConditions({ 'if-match': wanted }, versions.aboutOf),
  );
}

const MOST_DELETED = 1000;
const MOST_DELETE_BYTES = 2 * 2 ** 20;

const deletion = z.object({
  Quiet: z.optional(z.string()),
  Object: listed(
    z.object({
      Key: z.string(),
      VersionId: z.optional(z.string()),
      ETag: z.optional(z.string()),
    }),
  ),
});

/** Answers DeleteObjects: what became of each key. https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
export async function deleteObjects(
  bucket: S3Bucket,
  { caller }: S3Request,
  body: Body,
): Promise<S3Answer> {
  const text = await textOf(body, MOST_DELETE_BYTES);
  const { Quiet: quiet, Object: objects } = readDocument(text, 'Delete', deletion);
  if (objects.length === 0 || objects.length > MOST_DELETED) {
    throw refusal('MalformedXML', `A deletion names 1 to ${MOST_DELETED} keys.`);
  }
  const results: Element[] = [];
  for (const { Key: key, VersionId: versionId, ETag: etag } of objects) {
    try {
      const headers: S3Request['headers'] = etag === undefined ? {} : { 'if-match': etag };
      const marker = await removed(bucket, { key, caller, headers }, versionId);
      if (quiet === 'true') continue;
      results.push(['Deleted', [['Key', key], ...markerElements(marker)]]);
    } catch (error) {
      const { code, message } = refusalOf(error);
      results.push([
        'Error',
        [
          ['Key', key],
          ['Code', code],
          ['Message', message],
        ],
      ]);
    }
  }
  return { status: 200, body: s3Document(['DeleteResult', results]) };
}

function markerElements(marker: ObjectVersion | undefined): readonly Element[] {
  if (!marker) return [];
  return [
    ['DeleteMarker', true],
    ['DeleteMarkerVersionId', marker.versionId],
  ];
}
