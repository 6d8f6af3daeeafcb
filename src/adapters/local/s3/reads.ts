import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { ObjectVersion } from '#adapters/local/bucket/object-versions.ts';
import { Failure } from '#domain/failure.ts';
import { requireRight, type S3Answer, type S3Bucket } from './bucket.ts';
import { isKnownToReader } from './conditions.ts';
import { checksumHeaders, versionHeaders } from './object-headers.ts';
import { refusal } from './refusal.ts';
import { type Asked, parameter, type S3Request } from './request.ts';

type Range = { readonly start: number; readonly end: number };

/** Answers GetObject and HeadObject. https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html */
export async function getObject(bucket: S3Bucket, request: S3Request): Promise<S3Answer> {
  const { method, headers } = request;
  if (parameter(request, 'partNumber') !== undefined) {
    throw refusal('NotImplemented', 'An object is read whole or by Range here, not by its parts.');
  }
  const version = requestedVersion(bucket, request);
  const about = bucket.versions.aboutOf(version.versionId);
  const known = { ...versionHeaders(version, about), ...overrides(request) };
  if (isKnownToReader(headers, version, about)) return { status: 304, headers: known };
  const { sizeBytes } = version;
  const range = rangeOf(headers, known['etag'] ?? '', sizeBytes);
  const { start, end } = range ?? { start: 0, end: sizeBytes - 1 };
  const described = {
    ...known,
    'content-length': String(end - start + 1),
    ...(range && { 'content-range': `bytes ${start}-${end}/${sizeBytes}` }),
    // A page that lies in the bucket must not act in the name of this address.
    'content-security-policy': 'sandbox',
    ...(!range && headers['x-amz-checksum-mode'] === 'ENABLED' && checksumHeaders(about?.checksum)),
  };
  const status = range ? 206 : 200;
  if (method === 'HEAD') return { status, headers: described };
  const bytes = await bytesOf(bucket, version, { start, end });
  return { status, headers: described, body: Readable.from(bytes, { objectMode: false }) };
}

/** The bytes of a version from `start` to `end`, the last one included. Fails with `InternalError` where they are no longer those that were stored. */
export async function bytesOf(
  { store }: S3Bucket,
  { key, versionId }: ObjectVersion,
  range: Range,
): Promise<AsyncIterable<Uint8Array>> {
  const problem = await store.problem(key, versionId);
  if (problem !== undefined) {
    throw new Failure('PlatformUnavailable', `the bytes of ${key} ${problem}`, {
      cause: { code: 'InternalError' },
      fix: `Upload ${key} again.`,
    });
  }
  return opened(store.objectPath(key, versionId), range);
}

/** Opens the file with the first byte that is asked for: whoever refuses the bytes first leaves no file open, and an error has a reader. */
async function* opened(path: string, { start, end }: Range): AsyncGenerator<Uint8Array> {
  if (start <= end) yield* createReadStream(path, { start, end });
}

/** The version that a request reads: the newest, or the one that it names. Fails with `NoSuchKey`, `NoSuchVersion`, `MethodNotAllowed` (a delete marker), `AccessDenied`. */
export function requestedVersion(bucket: S3Bucket, request: S3Request): ObjectVersion {
  return existingVersion(bucket, request, parameter(request, 'versionId'));
}

export function existingVersion(
  { versions }: S3Bucket,
  { key, caller }: Pick<S3Request, 'key' | 'caller'>,
  versionId: string | undefined,
): ObjectVersion {
  requireRight(caller, key);
  const found =
    versionId === undefined ? versions.latest(key) : versions.findMarked(key, versionId);
  if (!found && versionId === undefined) {
    const [newest] = versions.newestMarked(key);
    throw refusal(
      'NoSuchKey',
      'The specified key does not exist.',
      newest && markerHeaders(newest),
    );
  }
  if (!found) throw refusal('NoSuchVersion', 'The specified version does not exist.');
  if (found.isDeleted) {
    throw refusal(
      'MethodNotAllowed',
      'The specified method is not allowed against a delete marker.',
      markerHeaders(found),
    );
  }
  return found;
}

/** The headers that name a delete marker. */
export function markerHeaders({ versionId }: ObjectVersion): Record<string, string> {
  return { 'x-amz-delete-marker': 'true', 'x-amz-version-id': versionId };
}

const OVERRIDES = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
];

/** The headers of the answer that the request itself asks for, as those who share a signed URL do. */
function overrides(request: Pick<Asked, 'query'>): Record<string, string> {
  return Object.fromEntries(
    OVERRIDES.flatMap((name) => {
      const value = parameter(request, `response-${name}`);
      if (value === undefined) return [];
      if (/[^\t\x20-\x7e]/.test(value)) {
        throw refusal('InvalidArgument', `response-${name} cannot be the value of a header.`);
      }
      return [[name, value] as const];
    }),
  );
}

/** The range that a request asks for; undefined where it asks for all, or for several, which S3 answers whole too. Fails with `InvalidRange`. */
function rangeOf(headers: Asked['headers'], etag: string, sizeBytes: number): Range | undefined {
  const onlyIf = headers['if-range'];
  if (onlyIf !== undefined && onlyIf !== etag) return undefined;
  const range = parseRange(headers['range'], sizeBytes);
  if (range === undefined || (range.start < sizeBytes && range.start <= range.end)) return range;
  throw refusal('InvalidRange', 'The requested range is not satisfiable');
}

export function parseRange(text: string | undefined, sizeBytes: number): Range | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(text ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') {
    const length = Number(last);
    return length === 0
      ? { start: sizeBytes, end: sizeBytes }
      : { start: Math.max(0, sizeBytes - length), end: sizeBytes - 1 };
  }
  const start = Number(first);
  const end = last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  // A range whose end lies before its beginning is none (RFC 9110 §14.1.1).
  return last !== '' && Number(last) < start ? undefined : { start, end };
}
