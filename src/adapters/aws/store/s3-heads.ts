import {
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { statusOf, translated } from '#adapters/aws/failures.ts';
import type { StoredObject } from '#ports/artifact-store.ts';

// The object, version or bucket is missing, or there is a delete marker.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
const ABSENT: readonly unknown[] = [404, 405];
const BAD_REQUEST = 400;

/** The metadata in which `slipway push` writes who uploads: a claim, as whoever may write the object may write it too. */
export const UPLOADER = 'slipway-uploader';
// S3's limit of all metadata is 2 KB; an ARN of IAM has 600 characters at most.
const MOST_CLAIMED = 1024;

type Wanted = { readonly key: string; readonly versionId?: string };

/** The metadata of a version, or of the newest one; undefined when there is none. */
export async function headObject(
  client: S3Client,
  bucket: string,
  { key, versionId }: Wanted,
): Promise<StoredObject | undefined> {
  const input = { Bucket: bucket, Key: key, VersionId: versionId };
  const head = await unlessAbsent(async () => {
    try {
      return await client.send(new HeadObjectCommand({ ...input, ChecksumMode: 'ENABLED' }));
    } catch (error) {
      // A response to HEAD has no body to explain the error; one to GET has.
      if (statusOf(error) === BAD_REQUEST) {
        await client.send(new GetObjectCommand({ ...input, Range: 'bytes=0-0' }));
      }
      throw error;
    }
  });
  return head && stored(bucket, key, head);
}

/** The version id `null`, of an object from before versioning, pins nothing: the next such upload replaces it. */
function stored(
  bucket: string,
  key: string,
  head: HeadObjectCommandOutput,
): StoredObject | undefined {
  const { VersionId: versionId = 'null' } = head;
  if (versionId === 'null') return undefined;
  const claims = head.Metadata?.[UPLOADER]?.slice(0, MOST_CLAIMED);
  return {
    bucket,
    key,
    versionId,
    sizeBytes: head.ContentLength ?? 0,
    checksum: checksumOf(head) ?? `none:${versionId}`,
    sequencer: '',
    lastModifiedMs: head.LastModified?.getTime() ?? 0,
    ...(claims && { claims }),
  };
}

/** The object's first checksum. A multipart checksum ends in `-` and the number of parts; without any, a version counts as unique. */
function checksumOf(head: HeadObjectCommandOutput): string | undefined {
  const checksums = {
    crc64nvme: head.ChecksumCRC64NVME,
    sha256: head.ChecksumSHA256,
    sha1: head.ChecksumSHA1,
    crc32c: head.ChecksumCRC32C,
    crc32: head.ChecksumCRC32,
  };
  const found = Object.entries(checksums).find(([, value]) => value);
  return found?.join(':');
}

/** Undefined when the object does not exist. */
export async function unlessAbsent<Answer>(
  call: () => Promise<Answer>,
): Promise<Answer | undefined> {
  try {
    return await translated(call);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** S3 rejects a version id that it can never have issued as an invalid argument. */
function isAbsent(error: unknown): boolean {
  const isBadVersion =
    error instanceof Error &&
    error.name === 'InvalidArgument' &&
    error.message.includes('version id');
  return isBadVersion || ABSENT.includes(statusOf(error));
}
