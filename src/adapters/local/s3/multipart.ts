import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import * as z from 'zod/mini';
import type { ObjectAbout } from '#adapters/local/bucket/object-versions.ts';
import { type Body, textOf } from './body.ts';
import { hasRight, requireRight, type S3Answer, type S3Bucket } from './bucket.ts';
import {
  algorithmNamed,
  type Checksum,
  checksumOf,
  elementOf,
  headerOf,
  summing,
  typeOf,
  wholeChecksum,
} from './checksums.ts';
import { type Digested, digested } from './digested.ts';
import { ownerElement } from './listing.ts';
import { inOrder, type MultipartUpload, type Part } from './multipart-uploads.ts';
import { checksumElements, keptHeaders } from './object-headers.ts';
import { bytesOf } from './reads.ts';
import { refusal } from './refusal.ts';
import { parameter, type S3Request } from './request.ts';
import { sha256 } from './signature.ts';
import { requirePuttable, sourceOf, upload } from './writes.ts';
import { type Element, listed, readDocument, s3Document } from './xml.ts';

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
const MOST_PARTS = 10_000;
const LEAST_PART_BYTES = 5 * 2 ** 20;
const MOST_COMPLETION_BYTES = 4 * 2 ** 20;
const MOST_LISTED = 1000;

/** Answers CreateMultipartUpload. */
export async function beginUpload(bucket: S3Bucket, request: S3Request): Promise<S3Answer> {
  const headers = keptHeaders(request);
  requirePuttable(request);
  const named = request.headers['x-amz-checksum-algorithm'];
  const algorithm = named === undefined ? undefined : algorithmNamed(named);
  const checksum = algorithm
    ? { algorithm, type: typeOf(algorithm, request.headers['x-amz-checksum-type']) }
    : null;
  const { key, caller } = request;
  const { id } = await bucket.uploads.begin({ key, by: caller.id, headers, checksum });
  return {
    status: 200,
    headers: checksum
      ? {
          'x-amz-checksum-algorithm': checksum.algorithm.toUpperCase(),
          'x-amz-checksum-type': checksum.type,
        }
      : {},
    body: s3Document([
      'InitiateMultipartUploadResult',
      [
        ['Bucket', bucket.name],
        ['Key', key],
        ['UploadId', id],
      ],
    ]),
  };
}

/** Answers UploadPart. */
export async function uploadPart(
  bucket: S3Bucket,
  request: S3Request,
  body: Body,
): Promise<S3Answer> {
  const number = partNumber(request);
  const { id } = await uploadOf(bucket, request);
  const { md5, checksum } = await bucket.store.whileUploading(request.key, () =>
    bucket.uploads.keep(id, { number, sizeBytes: body.sizeBytes, ...arriving(body) }),
  );
  return {
    status: 200,
    headers: {
      etag: `"${md5}"`,
      ...(checksum && { [headerOf(checksum.algorithm)]: checksum.value }),
    },
  };
}

function arriving({ bytes, digests }: Digested) {
  const about = () => ({ ...digests(), md5: digests().md5.toString('hex') });
  return { bytes, about };
}

/** Answers UploadPartCopy. */
export async function copyPart(bucket: S3Bucket, request: S3Request): Promise<S3Answer> {
  const number = partNumber(request);
  const { id, checksum: wanted } = await uploadOf(bucket, request);
  const source = sourceOf(bucket, request);
  const asked = request.headers['x-amz-copy-source-range'];
  const range =
    asked === undefined
      ? { start: 0, end: source.sizeBytes - 1 }
      : copiedRange(asked, source.sizeBytes);
  if (!range) {
    throw refusal(
      'InvalidArgument',
      'The x-amz-copy-source-range value must be of the form bytes=first-last within the source object.',
    );
  }
  const kept = await bucket.uploads.keep(id, {
    number,
    sizeBytes: range.end - range.start + 1,
    ...arriving(digested(await bytesOf(bucket, source, range), wanted?.algorithm)),
  });
  return {
    status: 200,
    headers: { 'x-amz-copy-source-version-id': source.versionId },
    body: s3Document([
      'CopyPartResult',
      [
        ['LastModified', new Date(kept.atMs).toISOString()],
        ['ETag', `"${kept.md5}"`],
        ...partChecksum(kept),
      ],
    ]),
  };
}

/** S3 wants both ends of the range, and within the source. https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html */
function copiedRange(text: string, sizeBytes: number) {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(text) ?? [];
  if (first === undefined || last === undefined) return undefined;
  const [start, end] = [Number(first), Number(last)];
  return start <= end && end < sizeBytes ? { start, end } : undefined;
}

const checksums = {
  ChecksumCRC32: z.optional(z.string()),
  ChecksumCRC32C: z.optional(z.string()),
  ChecksumCRC64NVME: z.optional(z.string()),
  ChecksumSHA1: z.optional(z.string()),
  ChecksumSHA256: z.optional(z.string()),
};
const completion = z.object({
  Part: listed(z.object({ PartNumber: z.string(), ETag: z.string(), ...checksums })),
});

type Completed = { readonly upload: MultipartUpload; readonly parts: readonly Part[] };

/** Completions that run, and the newest that have ended: a client that has lost the answer asks again. */
const MOST_ANSWERS = 100;

/** Answers CompleteMultipartUpload: all parts become one object, in one moment. https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html */
export function completions() {
  const answers = new Map<string, Promise<S3Answer>>();

  return async (bucket: S3Bucket, request: S3Request, body: Body): Promise<S3Answer> => {
    requireRight(request.caller, request.key);
    const text = await textOf(body, MOST_COMPLETION_BYTES);
    const asked = sha256(`${request.key} ${parameter(request, 'uploadId')} ${text}`);
    const known = answers.get(asked);
    if (known) return known;
    const answer = complete(bucket, request, text);
    answers.set(asked, answer);
    answer.catch(() => answers.delete(asked));
    const [oldest] = answers.keys();
    if (answers.size > MOST_ANSWERS && oldest !== undefined) answers.delete(oldest);
    return answer;
  };
}

async function complete(bucket: S3Bucket, request: S3Request, text: string): Promise<S3Answer> {
  const completed = await completedParts(bucket, request, text);
  const { upload: begun, parts } = completed;
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  const wholeSize = request.headers['x-amz-mp-object-size'];
  if (wholeSize !== undefined && Number(wholeSize) !== sizeBytes) {
    throw refusal(
      'InvalidRequest',
      `x-amz-mp-object-size is ${wholeSize}, and the parts have ${sizeBytes} bytes.`,
    );
  }
  const object = assembled(bucket, completed, wholeChecksum(request));
  const { versionId } = await bucket.store.put(begun.key, Readable.from(object.bytes), {
    ...upload(bucket, request),
    expectedBytes: sizeBytes,
    about: object.about,
  });
  await bucket.uploads.remove(begun.id);
  return {
    status: 200,
    headers: { 'x-amz-version-id': versionId },
    body: s3Document([
      'CompleteMultipartUploadResult',
      [
        ['Location', `/${bucket.name}/${begun.key}`],
        ['Bucket', bucket.name],
        ['Key', begun.key],
        ['ETag', `"${etagOfParts(parts)}"`],
        ...checksumElements(object.about().checksum),
      ],
    ]),
  };
}

/** All bytes of the parts in their order, and the object that they are once they have been read. */
function assembled(
  { uploads }: S3Bucket,
  completed: Completed,
  given: ReturnType<typeof wholeChecksum>,
) {
  const { upload: begun, parts } = completed;
  // A checksum that nothing was said of when the upload began is that of all bytes.
  const wanted = begun.checksum ?? given;
  const algorithm = wanted?.type === 'FULL_OBJECT' ? wanted.algorithm : undefined;
  let about: ObjectAbout | undefined;

  async function* joined() {
    for (const part of parts) yield* uploads.read(begun.id, part);
  }

  async function* checked() {
    const { bytes, digests } = digested(joined(), algorithm);
    yield* bytes;
    const checksum = algorithm ? digests().checksum : await composite(completed);
    if (
      given &&
      `${given.algorithm} ${given.value}` !== `${checksum?.algorithm} ${checksum?.value}`
    ) {
      throw refusal(
        'BadDigest',
        `The ${given.algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
      );
    }
    about = { etag: etagOfParts(parts), headers: begun.headers, checksum };
  }

  return {
    bytes: checked(),
    about() {
      if (!about) throw new TypeError('the parts have not been read to their end');
      return about;
    },
  };
}

/** The parts that a client names, which have to be those that arrived. */
async function completedParts(
  bucket: S3Bucket,
  request: S3Request,
  text: string,
): Promise<Completed> {
  const begun = await uploadOf(bucket, request);
  const { Part: named } = readDocument(text, 'CompleteMultipartUpload', completion);
  if (named.length === 0) throw refusal('MalformedXML', 'You must specify at least one part');
  const arrived = new Map(
    (await bucket.uploads.parts(begun.id)).map((part) => [part.number, part]),
  );
  let before = 0;
  const parts = named.map((each) => {
    const number = Number(each.PartNumber);
    if (!(number > before)) {
      throw refusal(
        'InvalidPartOrder',
        'The list of parts was not in ascending order. Parts must be ordered by part number.',
      );
    }
    before = number;
    const part = arrived.get(number);
    if (part && part.md5 === each.ETag.replaceAll('"', '') && hasChecksum(part, each)) return part;
    throw refusal(
      'InvalidPart',
      `One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag: part ${each.PartNumber}`,
    );
  });
  if (parts.slice(0, -1).some(({ sizeBytes }) => sizeBytes < LEAST_PART_BYTES)) {
    throw refusal(
      'EntityTooSmall',
      'Your proposed upload is smaller than the minimum allowed size',
    );
  }
  return { upload: begun, parts };
}

function hasChecksum({ checksum }: Part, named: Readonly<Record<string, string | undefined>>) {
  if (!checksum) return true;
  const said = named[elementOf(checksum.algorithm)];
  return said === undefined || said === checksum.value;
}

/** The MD5 of the parts' MD5s, and how many they are. */
function etagOfParts(parts: readonly Part[]): string {
  const all = createHash('md5');
  for (const { md5 } of parts) all.update(Buffer.from(md5, 'hex'));
  return `${all.digest('hex')}-${parts.length}`;
}

/** The checksum of the parts' checksums; null where not each part has one. */
async function composite({ upload: { checksum }, parts }: Completed): Promise<Checksum | null> {
  if (!checksum) return null;
  const { algorithm } = checksum;
  const sum = summing(algorithm);
  for (const part of parts) {
    if (part.checksum?.algorithm !== algorithm) return null;
    sum.update(Buffer.from(part.checksum.value, 'base64'));
  }
  const { value } = await checksumOf(algorithm, sum);
  return { algorithm, value: `${value}-${parts.length}`, type: 'COMPOSITE' };
}

/** Answers AbortMultipartUpload. */
export async function abortUpload(bucket: S3Bucket, request: S3Request): Promise<S3Answer> {
  const { id } = await uploadOf(bucket, request);
  await bucket.uploads.remove(id);
  return { status: 204 };
}

/** Answers ListParts. */
export async function listParts(bucket: S3Bucket, request: S3Request): Promise<S3Answer> {
  const { id } = await uploadOf(bucket, request);
  const after = numberOf(request, 'part-number-marker') ?? 0;
  const most = Math.min(numberOf(request, 'max-parts') ?? MOST_LISTED, MOST_LISTED);
  const left = (await bucket.uploads.parts(id)).filter(({ number }) => number > after);
  const shown = left.slice(0, most);
  const last = shown.at(-1);
  return {
    status: 200,
    body: s3Document([
      'ListPartsResult',
      [
        ['Bucket', bucket.name],
        ['Key', request.key],
        ['UploadId', id],
        ['PartNumberMarker', after],
        ...(last ? [['NextPartNumberMarker', last.number] as const] : []),
        ['MaxParts', most],
        ['IsTruncated', left.length > shown.length],
        ...shown.map(partElement),
        ownerElement(request.caller),
        ['StorageClass', 'STANDARD'],
      ],
    ]),
  };
}

function partElement(part: Part): Element {
  return [
    'Part',
    [
      ['PartNumber', part.number],
      ['LastModified', new Date(part.atMs).toISOString()],
      ['ETag', `"${part.md5}"`],
      ['Size', part.sizeBytes],
      ...partChecksum(part),
    ],
  ];
}

function partChecksum({ checksum }: Part): readonly Element[] {
  return checksum ? [[elementOf(checksum.algorithm), checksum.value]] : [];
}

function numberOf(request: S3Request, name: string): number | undefined {
  const text = parameter(request, name);
  if (text === undefined || /^\d{1,10}$/.test(text))
    return text === undefined ? text : Number(text);
  throw refusal('InvalidArgument', `Provided ${name} not an integer or within integer range`);
}

/** Answers ListMultipartUploads: those under way whose keys the caller may use. */
export async function listUploads(bucket: S3Bucket, request: S3Request): Promise<S3Answer> {
  const prefix = parameter(request, 'prefix') ?? '';
  const keyMarker = parameter(request, 'key-marker') ?? '';
  const idMarker = keyMarker === '' ? '' : (parameter(request, 'upload-id-marker') ?? '');
  const most = Math.min(numberOf(request, 'max-uploads') ?? MOST_LISTED, MOST_LISTED);
  const left = (await bucket.uploads.list()).filter(
    ({ key, id }) =>
      key.startsWith(prefix) &&
      hasRight(request.caller, key) &&
      (inOrder(key, keyMarker) > 0 || (key === keyMarker && idMarker !== '' && id > idMarker)),
  );
  const shown = left.slice(0, most);
  const last = left.length > shown.length ? shown.at(-1) : undefined;
  return {
    status: 200,
    body: s3Document([
      'ListMultipartUploadsResult',
      [
        ['Bucket', bucket.name],
        ['Prefix', prefix],
        ['KeyMarker', keyMarker],
        ['UploadIdMarker', idMarker],
        ...(last
          ? ([
              ['NextKeyMarker', last.key],
              ['NextUploadIdMarker', last.id],
            ] as const)
          : []),
        ['MaxUploads', most],
        ['IsTruncated', last !== undefined],
        ...shown.map(
          ({ id, key, createdAtMs }): Element => [
            'Upload',
            [
              ['Key', key],
              ['UploadId', id],
              ['Initiated', new Date(createdAtMs).toISOString()],
              ['StorageClass', 'STANDARD'],
            ],
          ],
        ),
      ],
    ]),
  };
}

/** The upload that a request names. Fails with `AccessDenied`, and with `NoSuchUpload` where it is unknown or of another key. */
async function uploadOf(bucket: S3Bucket, request: S3Request): Promise<MultipartUpload> {
  requireRight(request.caller, request.key);
  const found = await bucket.uploads.find(parameter(request, 'uploadId') ?? '');
  if (found && found.key === request.key) return found;
  throw refusal(
    'NoSuchUpload',
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
  );
}

function partNumber(request: S3Request): number {
  const number = Number(parameter(request, 'partNumber'));
  if (Number.isInteger(number) && number >= 1 && number <= MOST_PARTS) return number;
  throw refusal(
    'InvalidArgument',
    `Part number must be an integer between 1 and ${MOST_PARTS}, inclusive`,
  );
}
