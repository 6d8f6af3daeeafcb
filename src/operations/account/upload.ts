import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import { Upload as MultipartUpload } from '@aws-sdk/lib-storage';
import { translated } from '#adapters/aws/failures.ts';
import { UPLOADER } from '#adapters/aws/store/s3-heads.ts';
import type { Upload, Uploaded } from '#control/slipway.ts';
import { readKey } from '#domain/artifact/object-key.ts';
import { deploymentId } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';

// 10,000 parts of this size are 80 GB, more than any image holds.
export const PART_BYTES = 8 * 1024 * 1024;
const PARTS_AT_ONCE = 4;

/** Uploads one object to the bucket, in parts if it is large, and records beside it the uploader, `by`. When stopped, it deletes its parts once those in flight have ended. */
export async function uploadToBucket(
  client: S3Client,
  bucket: string,
  { key, file, signal, onSent, by }: Upload & { readonly by: string | undefined },
): Promise<Uploaded> {
  const sizeBytes = file === null ? 0 : (await stat(file)).size;
  // The library's own abort returns before the parts are gone; an error of the stream it reads does not.
  const body = file === null || sizeBytes === 0 ? '' : createReadStream(file, { signal });
  const upload = new MultipartUpload({
    client,
    partSize: PART_BYTES,
    queueSize: PARTS_AT_ONCE,
    params: {
      ...{ Bucket: bucket, Key: key, Body: body, ChecksumAlgorithm: 'CRC64NVME' },
      ...(by && { Metadata: { [UPLOADER]: by } }),
    },
  });
  upload.on('httpUploadProgress', ({ loaded = 0 }) => onSent(loaded));
  const { VersionId: versionId } = await translated(() => upload.done()).catch((cause) => {
    if (!signal.aborted) throw cause;
    throw new Failure('PlatformUnavailable', `the upload of ${key} was stopped`, { cause });
  });
  if (!versionId) {
    throw new Failure('InputInvalid', `the bucket ${bucket} is not versioned`, {
      fix: 'Deploy the stack again: Slipway reads versions only.',
    });
  }
  const starts = ['artifact', 'folder', 'misnamed'].includes(readKey(key).kind);
  const id = starts ? await deploymentId(bucket, key, versionId) : null;
  return { key, versionId, sizeBytes, deploymentId: id };
}
