import type { ObjectVersion } from '#adapters/local/bucket/object-versions.ts';
import { hasRight, type S3Answer, type S3Bucket } from './bucket.ts';
import { etagOf } from './object-headers.ts';
import { refusal } from './refusal.ts';
import { parameter, type S3Request } from './request.ts';
import type { S3Key } from './s3-keys.ts';
import { type Element, s3Document } from './xml.ts';

const MOST_KEYS = 1000;
const FEW_ROWS = 16;
// After every text that begins with what stands before it, in the order of UTF-8 that S3 and SQLite have.
const LAST = '\u{10ffff}';

type Asked = {
  readonly prefix: string;
  readonly delimiter: string;
  readonly max: number;
  /** Writes a key as the client has asked for. */
  readonly encoded: (text: string) => string;
  readonly encoding: readonly Element[];
};

/** A page of a listing: versions and common prefixes, in order. `next` is where the next page begins, undefined on the last one. */
type Page = {
  readonly entries: readonly Entry[];
  readonly next: Entry | undefined;
};

type Entry =
  | { readonly kind: 'object'; readonly version: ObjectVersion; readonly isNewest: boolean }
  | { readonly kind: 'prefix'; readonly prefix: string };

/** Answers ListObjectsV2. https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
export async function listObjectsV2(bucket: S3Bucket, request: S3Request): Promise<S3Answer> {
  const asked = askedOf(request);
  const token = parameter(request, 'continuation-token');
  const startAfter = parameter(request, 'start-after');
  const after = token === undefined ? (startAfter ?? '') : readToken(token);
  const page = objectsPage(bucket, asked, after);
  const withOwner = parameter(request, 'fetch-owner') === 'true';
  return {
    status: 200,
    body: s3Document([
      'ListBucketResult',
      [
        ...head(bucket, asked),
        ...(startAfter === undefined ? [] : [['StartAfter', asked.encoded(startAfter)] as const]),
        ...(token === undefined ? [] : [['ContinuationToken', token] as const]),
        ...(page.next ? [['NextContinuationToken', writeToken(boundOf(page.next))] as const] : []),
        ['KeyCount', page.entries.length],
        ['IsTruncated', page.next !== undefined],
        ...contents(bucket, asked, page, withOwner ? request.caller : undefined),
      ],
    ]),
  };
}

/** Answers ListObjects, the first version. https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html */
export async function listObjects(bucket: S3Bucket, request: S3Request): Promise<S3Answer> {
  const asked = askedOf(request);
  const marker = parameter(request, 'marker') ?? '';
  const page = objectsPage(bucket, asked, pastPrefix(marker, asked));
  const next =
    page.next && asked.delimiter ? [['NextMarker', asked.encoded(nameOf(page.next))] as const] : [];
  return {
    status: 200,
    body: s3Document([
      'ListBucketResult',
      [
        ...head(bucket, asked),
        ['Marker', asked.encoded(marker)],
        ...next,
        ['IsTruncated', page.next !== undefined],
        ...contents(bucket, asked, page, request.caller),
      ],
    ]),
  };
}

/** Answers ListObjectVersions, with the delete markers. https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html */
export async function listObjectVersions(bucket: S3Bucket, request: S3Request): Promise<S3Answer> {
  const asked = askedOf(request);
  const marker = parameter(request, 'key-marker') ?? '';
  const versionMarker = parameter(request, 'version-id-marker') ?? '';
  const page = versionsPage(bucket, asked, { key: marker, versionId: versionMarker });
  const { next } = page;
  return {
    status: 200,
    body: s3Document([
      'ListVersionsResult',
      [
        ...head(bucket, asked),
        ['KeyMarker', asked.encoded(marker)],
        ['VersionIdMarker', versionMarker],
        ...(next ? [['NextKeyMarker', asked.encoded(nameOf(next))] as const] : []),
        ...(next?.kind === 'object'
          ? [['NextVersionIdMarker', next.version.versionId] as const]
          : []),
        ['IsTruncated', next !== undefined],
        ...page.entries.flatMap((entry) =>
          entry.kind === 'object' ? [versionElement(bucket, asked, entry, request.caller)] : [],
        ),
        ...prefixes(page, asked),
      ],
    ]),
  };
}

function askedOf(request: S3Request): Asked {
  const prefix = parameter(request, 'prefix') ?? '';
  // A key for some models must not learn the names of others.
  if (!hasRight(request.caller, `${prefix}.`)) {
    throw refusal(
      'AccessDenied',
      'Access Denied: this key lists the folders of its own models: give a prefix such as models/NAME/',
    );
  }
  const encoding = parameter(request, 'encoding-type');
  if (encoding !== undefined && encoding !== 'url') {
    throw refusal('InvalidArgument', 'Invalid Encoding Method specified in Request');
  }
  return {
    prefix,
    delimiter: parameter(request, 'delimiter') ?? '',
    max: mostKeys(parameter(request, 'max-keys')),
    encoded: encoding === undefined ? (text) => text : urlEncoded,
    encoding: encoding === undefined ? [] : [['EncodingType', 'url']],
  };
}

function urlEncoded(text: string): string {
  return text.split('/').map(encodeURIComponent).join('/');
}

function mostKeys(text: string | undefined): number {
  if (text === undefined) return MOST_KEYS;
  if (!/^\d{1,10}$/.test(text)) {
    throw refusal('InvalidArgument', 'Provided max-keys not an integer or within integer range');
  }
  return Math.min(Number(text), MOST_KEYS);
}

function objectsPage({ versions }: S3Bucket, asked: Asked, after: string): Page {
  return pageOf(asked, after, (bound, limit) => versions.newestFrom(asked.prefix, bound, limit));
}

type Marker = { readonly key: string; readonly versionId: string };

function versionsPage({ versions }: S3Bucket, asked: Asked, { key, versionId }: Marker): Page {
  const within = versionId === '' ? undefined : versions.findMarked(key, versionId);
  if (versionId !== '' && !within) throw refusal('InvalidArgument', 'Invalid version id specified');
  let sequence = within ? sequenceOf(within) : 0;
  const first = within ? key : pastPrefix(key, asked);
  return pageOf(asked, first, (bound, limit) => {
    const found = versions.versionsFrom(asked.prefix, bound, sequence, limit);
    sequence = found.length > 0 ? sequenceOf(found.at(-1)) : 0;
    return found;
  });
}

function sequenceOf(version: ObjectVersion | undefined): number {
  return Number.parseInt(version?.sequencer ?? '0', 16);
}

type Read = (bound: string, limit: number) => readonly ObjectVersion[];

function pageOf({ prefix, delimiter, max }: Asked, after: string, read: Read): Page {
  const entries: Entry[] = [];
  let bound = after;
  let lastKey = after;
  if (max === 0) return { entries, next: undefined };
  // A folder is one entry, however many rows it has: so few are read at first, and more where they become entries.
  let limit = delimiter === '' ? max + 1 : FEW_ROWS;
  for (;;) {
    const before = entries.length;
    const found = read(bound, limit);
    const own = found.filter(({ key }) => key.startsWith(prefix));
    for (const version of own) {
      const last = entries.at(-1);
      if (last?.kind === 'prefix' && version.key.startsWith(last.prefix)) continue;
      const cut = delimiter === '' ? -1 : version.key.indexOf(delimiter, prefix.length);
      const entry: Entry =
        cut === -1
          ? { kind: 'object', version, isNewest: version.key !== lastKey }
          : { kind: 'prefix', prefix: version.key.slice(0, cut + delimiter.length) };
      if (entries.length === max) return { entries, next: entries.at(-1) };
      entries.push(entry);
      bound = boundOf(entry);
      lastKey = version.key;
    }
    if (own.length < found.length || found.length < limit) return { entries, next: undefined };
    limit = Math.min(max + 1, Math.max(FEW_ROWS, 2 * (entries.length - before)));
  }
}

function nameOf(entry: Entry): string {
  return entry.kind === 'prefix' ? entry.prefix : entry.version.key;
}

/** The text after which all that follows an entry lies. */
function boundOf(entry: Entry): string {
  return entry.kind === 'prefix' ? entry.prefix + LAST : entry.version.key;
}

/** Whoever goes on after a common prefix has had all that begins with it. */
function pastPrefix(marker: string, { prefix, delimiter }: Asked): string {
  const isPrefix =
    delimiter !== '' &&
    marker.startsWith(prefix) &&
    marker.indexOf(delimiter, prefix.length) === marker.length - delimiter.length;
  return isPrefix && marker.length > prefix.length ? marker + LAST : marker;
}

function writeToken(after: string): string {
  return Buffer.from(after).toString('base64url');
}

function readToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString();
  if (writeToken(text) === token && token !== '') return text;
  throw refusal('InvalidArgument', 'The continuation token provided is incorrect');
}

function head({ name }: S3Bucket, { prefix, delimiter, max, encoded, encoding }: Asked) {
  return [
    ['Name', name],
    ['Prefix', encoded(prefix)],
    ...(delimiter === '' ? [] : [['Delimiter', encoded(delimiter)] as const]),
    ['MaxKeys', max],
    ...encoding,
  ] as const satisfies readonly Element[];
}

function contents(
  { versions }: S3Bucket,
  asked: Asked,
  page: Page,
  owner: S3Key | undefined,
): readonly Element[] {
  const objects = page.entries.flatMap((entry): Element[] => {
    if (entry.kind === 'prefix') return [];
    const { version } = entry;
    const about = versions.aboutOf(version.versionId);
    return [
      [
        'Contents',
        [
          ['Key', asked.encoded(version.key)],
          ['LastModified', new Date(version.lastModifiedMs).toISOString()],
          ['ETag', `"${etagOf(version, about)}"`],
          ...(about?.checksum
            ? ([
                ['ChecksumAlgorithm', about.checksum.algorithm.toUpperCase()],
                ['ChecksumType', about.checksum.type],
              ] as const)
            : []),
          ['Size', version.sizeBytes],
          ...(owner ? [ownerElement(owner)] : []),
          ['StorageClass', 'STANDARD'],
        ],
      ],
    ];
  });
  return [...objects, ...prefixes(page, asked)];
}

function prefixes({ entries }: Page, { encoded }: Asked): readonly Element[] {
  return entries.flatMap((entry): Element[] =>
    entry.kind === 'prefix' ? [['CommonPrefixes', [['Prefix', encoded(entry.prefix)]]]] : [],
  );
}

function versionElement(
  { versions }: S3Bucket,
  { encoded }: Asked,
  { version, isNewest }: Extract<Entry, { readonly kind: 'object' }>,
  owner: S3Key,
): Element {
  const common = [
    ['Key', encoded(version.key)],
    ['VersionId', version.versionId],
    ['IsLatest', isNewest],
    ['LastModified', new Date(version.lastModifiedMs).toISOString()],
    ownerElement(owner),
  ] as const;
  if (version.isDeleted) return ['DeleteMarker', common];
  const about = versions.aboutOf(version.versionId);
  return [
    'Version',
    [
      ...common,
      ['ETag', `"${etagOf(version, about)}"`],
      ['Size', version.sizeBytes],
      ['StorageClass', 'STANDARD'],
    ],
  ];
}

/** All objects belong to the machine; S3 names who asks where that is the owner. */
export function ownerElement({ id, name }: S3Key): Element {
  return [
    'Owner',
    [
      ['ID', id],
      ['DisplayName', name],
    ],
  ];
}
