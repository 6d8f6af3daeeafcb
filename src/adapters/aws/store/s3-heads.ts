import {
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { statusOf, translated } from '#adapters/aws/failures.ts';
import type { StoredObject } from '#ports/artifact-store.ts';

// No such object, version or bucket; a delete marker in its place.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
const ABSENT: readonly unknown[] = [404, 405];
const BAD_REQUEST = 400;

type Wanted = { readonly key: string; readonly versionId?: string };

/** What the bucket says of a version, or of the newest one; undefined when there is none. */
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
      // The answer to HEAD has no body that says what is bad; GET's has.
      if (statusOf(error) === BAD_REQUEST) {
        await client.send(new GetObjectCommand({ ...input, Range: 'bytes=0-0' }));
      }
      throw error;
    }
  });
  return head && stored(bucket, key, head);
}

/** An object from before versioning is not pinned by its id `null`: the next such upload takes its place. */
function stored(
  bucket: string,
  key: string,
  head: HeadObjectCommandOutput,
): StoredObject | undefined {
  const { VersionId: versionId = 'null' } = head;
  if (versionId === 'null') return undefined;
  return {
    bucket,
    key,
    versionId,
    sizeBytes: head.ContentLength ?? 0,
    checksum: checksumOf(head) ?? `none:${versionId}`,
    sequencer: '',
    lastModifiedMs: head.LastModified?.getTime() ?? 0,
  };
}

/** The first of the checksums that the object has. One of parts says so by its end, `-` and their number; without any, a version is like no other. */
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

/** Undefined when the object is not there. */
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

/** A version id that S3 can never have given is an invalid argument. */
function isAbsent(error: unknown): boolean {
  const isBadVersion =
    error instanceof Error &&
    error.name === 'InvalidArgument' &&
    error.message.includes('version id');
  return isBadVersion || ABSENT.includes(statusOf(error));
}
