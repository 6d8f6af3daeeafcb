import { requireRight, type S3Answer, type S3Bucket } from './bucket.ts';
import { ownerElement } from './listing.ts';
import { requestedVersion } from './reads.ts';
import { refusal } from './refusal.ts';
import type { S3Request } from './request.ts';
import { type Element, s3Document } from './xml.ts';

/** The region that the bucket says to be in. Requests may be signed for any. */
const REGION = 'us-east-1';
// S3 had no buckets before.
const CREATED = new Date('2006-03-14T00:00:00Z').toISOString();

/** Answers ListBuckets: there is one. */
export async function listBuckets({ name }: S3Bucket, { caller }: S3Request): Promise<S3Answer> {
  return {
    status: 200,
    body: s3Document([
      'ListAllMyBucketsResult',
      [
        ownerElement(caller),
        [
          'Buckets',
          [
            [
              'Bucket',
              [
                ['Name', name],
                ['CreationDate', CREATED],
              ],
            ],
          ],
        ],
      ],
    ]),
  };
}

/** Answers HeadBucket. */
export async function headBucket(): Promise<S3Answer> {
  return { status: 200, headers: { 'x-amz-bucket-region': REGION } };
}

/** Answers CreateBucket, of which nothing comes: this machine has its one bucket. */
export async function createBucket({ name }: S3Bucket, request: S3Request): Promise<S3Answer> {
  throw request.bucket === name
    ? refusal(
        'BucketAlreadyOwnedByYou',
        'Your previous request to create the named bucket succeeded and you already own it.',
      )
    : refusal('TooManyBuckets', `This machine has one bucket, which is named ${name}.`);
}

/** Answers GetBucketLocation: S3 names us-east-1 by nothing. */
export async function bucketLocation(): Promise<S3Answer> {
  return { status: 200, body: s3Document(['LocationConstraint', '']) };
}

/** Answers GetBucketVersioning. */
export async function bucketVersioning(): Promise<S3Answer> {
  return {
    status: 200,
    body: s3Document(['VersioningConfiguration', [['Status', 'Enabled']]]),
  };
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Tag.html
const LONGEST_TAG = 256;
const NOT_IN_TAGS = /[^\p{L}\p{N}\s+\-=._:/@]/gu;

/**
 * Answers GetObjectTagging: how the deployment that a version started stands, and why it was refused.
 * A client of S3 looks there for the findings of who scans objects after they are put, as GuardDuty's malware protection does.
 */
export async function objectTagging(bucket: S3Bucket, request: S3Request): Promise<S3Answer> {
  const { key, versionId } = requestedVersion(bucket, request);
  const started = await bucket.started(key, versionId);
  const tags: readonly (readonly [string, string | null])[] = started
    ? [
        ['slipway-state', started.state],
        ['slipway-version', started.version === null ? null : String(started.version)],
        ['slipway-reason', started.reason],
      ]
    : [];
  const elements = tags.flatMap(([name, value]): Element[] =>
    value === null
      ? []
      : [
          [
            'Tag',
            [
              ['Key', name],
              ['Value', tagValue(value)],
            ],
          ],
        ],
  );
  return {
    status: 200,
    headers: { 'x-amz-version-id': versionId },
    body: s3Document(['Tagging', [['TagSet', elements]]]),
  };
}

function tagValue(text: string): string {
  return text.replaceAll(NOT_IN_TAGS, '').replaceAll(/\s+/g, ' ').slice(0, LONGEST_TAG).trim();
}

/** Answers PutObjectTagging and DeleteObjectTagging. */
export async function refuseTagging(_bucket: S3Bucket, request: S3Request): Promise<S3Answer> {
  requireRight(request.caller, request.key);
  throw refusal(
    'NotImplemented',
    'The tags of an object are written by Slipway, and only read by its clients.',
  );
}
