import type { ObjectAbout, ObjectVersion } from '#adapters/local/bucket/object-versions.ts';
import { elementOf, headerOf } from './checksums.ts';
import { refusal } from './refusal.ts';
import type { Asked } from './request.ts';
import type { Element } from './xml.ts';

/** The headers that an object keeps, beside the metadata of its owner. https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html */
const KEPT = [
  'content-type',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires',
];
const METADATA = 'x-amz-meta-';
const MOST_METADATA_BYTES = 2048;
// The parameters of a signed URL can be what no header is. RFC 9110 §5.1, §5.5.
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/;
const CONTROL = /[^\t\P{Cc}]|[\u0080-\u009f]/u;
const USUAL_TYPE = 'binary/octet-stream';

/** Headers that ask for what this bucket does not do. To pass over one would be to promise it. */
const REFUSED = [
  'x-amz-server-side-encryption',
  'x-amz-tagging',
  'x-amz-website-redirect-location',
  'x-amz-object-lock-',
  'x-amz-grant-',
  'x-amz-write-offset-bytes',
];
const OWN_ACLS: readonly string[] = ['private', 'bucket-owner-full-control'];

/** The headers of a new object. Fails with the code of S3 for one that asks for more than this bucket does. */
export function keptHeaders({ headers }: Pick<Asked, 'headers'>): Record<string, string> {
  requireTaken(headers);
  const kept = Object.entries(headers).filter(
    ([name]) => KEPT.includes(name) || name.startsWith(METADATA),
  );
  const unwritable = kept.find(([name, value]) => !TOKEN.test(name) || CONTROL.test(value));
  if (unwritable) {
    throw refusal('InvalidArgument', `${unwritable[0]} cannot be a header with this value.`);
  }
  const bytes = kept
    .filter(([name]) => name.startsWith(METADATA))
    .map(([name, value]) => Buffer.byteLength(name.slice(METADATA.length) + value));
  if (bytes.reduce((sum, each) => sum + each, 0) > MOST_METADATA_BYTES) {
    throw refusal('InvalidArgument', `Your metadata headers exceed ${MOST_METADATA_BYTES} bytes.`);
  }
  const all = { 'content-type': USUAL_TYPE, ...Object.fromEntries(kept) };
  return withoutFraming(all);
}

/** `aws-chunked` says how the body was sent, not what the object is. */
function withoutFraming(headers: Record<string, string>): Record<string, string> {
  const { 'content-encoding': encoding, ...others } = headers;
  const codings = (encoding ?? '').split(',').map((coding) => coding.trim());
  const own = codings.filter((coding) => coding && coding !== 'aws-chunked').join(',');
  return own === '' ? others : { ...others, 'content-encoding': own };
}

function requireTaken(headers: Asked['headers']): void {
  const refused = Object.keys(headers).find((name) =>
    REFUSED.some((each) => name.startsWith(each)),
  );
  if (refused !== undefined) {
    throw refusal(
      'NotImplemented',
      `A header you provided implies functionality that is not implemented: ${refused}`,
    );
  }
  const acl = headers['x-amz-acl'];
  if (acl !== undefined && !OWN_ACLS.includes(acl)) {
    throw refusal('AccessControlListNotSupported', 'The bucket does not allow ACLs.');
  }
  const storage = headers['x-amz-storage-class'];
  if (storage !== undefined && storage !== 'STANDARD') {
    throw refusal(
      'InvalidStorageClass',
      'The storage class you specified is not valid; the bucket has STANDARD alone.',
    );
  }
}

/** The entity tag, without its quotes. That of a dropped file is made of its sha256, in the form that S3 gives to what is no MD5. */
export function etagOf({ sha256 }: ObjectVersion, about: ObjectAbout | undefined): string {
  return about?.etag ?? `${sha256.slice(0, 32)}-1`;
}

/** Node writes each letter of a header's value as one byte, of those up to U+00FF. */
function inBytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** The headers by which a version is described, as Node writes them. */
export function versionHeaders(
  version: ObjectVersion,
  about: ObjectAbout | undefined,
): Record<string, string> {
  return {
    'content-type': USUAL_TYPE,
    ...Object.fromEntries(
      Object.entries(about?.headers ?? {}).map(([name, value]) => [name, inBytes(value)]),
    ),
    etag: `"${etagOf(version, about)}"`,
    'last-modified': new Date(version.lastModifiedMs).toUTCString(),
    'x-amz-version-id': version.versionId,
    'accept-ranges': 'bytes',
  };
}

/** The headers about an object that was put. */
export function putHeaders(
  versionId: string,
  { etag, checksum }: ObjectAbout,
): Record<string, string> {
  return { etag: `"${etag}"`, 'x-amz-version-id': versionId, ...checksumHeaders(checksum) };
}

export function checksumHeaders(
  checksum: ObjectAbout['checksum'] | undefined,
): Record<string, string> {
  if (!checksum) return {};
  return {
    [headerOf(checksum.algorithm)]: checksum.value,
    'x-amz-checksum-type': checksum.type,
  };
}

export function checksumElements(
  checksum: ObjectAbout['checksum'] | undefined,
): readonly Element[] {
  if (!checksum) return [];
  return [
    [elementOf(checksum.algorithm), checksum.value],
    ['ChecksumType', checksum.type],
  ];
}
