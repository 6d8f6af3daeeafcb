import type { ObjectAbout, ObjectVersion } from '#adapters/local/bucket/object-versions.ts';
import { etagOf } from './object-headers.ts';
import { refusal } from './refusal.ts';
import type { Asked } from './request.ts';

type Headers = Asked['headers'];
type AboutOf = (versionId: string) => ObjectAbout | undefined;

/** Whether a reader has this version already (304). Fails with `PreconditionFailed` where it wants another one. RFC 9110 §13.2.2. */
export function isKnownToReader(
  headers: Headers,
  version: ObjectVersion,
  about: ObjectAbout | undefined,
): boolean {
  const etag = etagOf(version, about);
  const modifiedMs = Math.floor(version.lastModifiedMs / 1000) * 1000;
  requireMatch(headers, '', { etag, modifiedMs });
  const unless = headers['if-none-match'];
  if (unless !== undefined) return names(unless, etag);
  const since = timeOf(headers['if-modified-since']);
  return since !== undefined && modifiedMs <= since;
}

type State = { readonly etag: string; readonly modifiedMs: number };

function requireMatch(headers: Headers, prefix: string, { etag, modifiedMs }: State): void {
  const wanted = headers[`${prefix}if-match`];
  if (wanted !== undefined) {
    if (!names(wanted, etag)) throw failed(`${prefix}if-match`);
    return;
  }
  const unmodifiedSince = timeOf(headers[`${prefix}if-unmodified-since`]);
  if (unmodifiedSince !== undefined && modifiedMs > unmodifiedSince) {
    throw failed(`${prefix}if-unmodified-since`);
  }
}

/** The conditions of a copy on its source. */
export function requireSource(
  headers: Headers,
  version: ObjectVersion,
  about: ObjectAbout | undefined,
): void {
  const prefix = 'x-amz-copy-source-';
  const etag = etagOf(version, about);
  const modifiedMs = Math.floor(version.lastModifiedMs / 1000) * 1000;
  requireMatch(headers, prefix, { etag, modifiedMs });
  const unless = headers[`${prefix}if-none-match`];
  if (unless !== undefined && names(unless, etag)) throw failed(`${prefix}if-none-match`);
  const since = timeOf(headers[`${prefix}if-modified-since`]);
  if (unless === undefined && since !== undefined && modifiedMs <= since) {
    throw failed(`${prefix}if-modified-since`);
  }
}

/** The conditions of a write on what its key holds. https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
export function writeConditions(
  headers: Headers,
  aboutOf: AboutOf,
): (newest: ObjectVersion | undefined, hasOther: boolean) => void {
  const { 'if-match': wanted, 'if-none-match': unless } = headers;
  if (unless !== undefined && unless !== '*') {
    throw refusal('NotImplemented', 'If-None-Match of a write takes * alone.');
  }
  return (newest, hasOther) => {
    // A file that was dropped, and is no version yet, has no entity tag that a client could know.
    if (unless !== undefined && (newest || hasOther)) throw failed('If-None-Match');
    if (wanted === undefined) return;
    if (!newest) throw refusal('NoSuchKey', 'The specified key does not exist.');
    if (hasOther || !names(wanted, etagOf(newest, aboutOf(newest.versionId))))
      throw failed('If-Match');
  };
}

function names(list: string, etag: string): boolean {
  const tags = list.split(',').map((tag) => tag.trim().replace(/^W\//, '').replaceAll('"', ''));
  return tags.includes('*') || tags.includes(etag);
}

function timeOf(text: string | undefined): number | undefined {
  const ms = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

function failed(condition: string) {
  return refusal(
    'PreconditionFailed',
    `At least one of the pre-conditions you specified did not hold: ${condition}`,
  );
}
