import { randomUUID } from 'node:crypto';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import { awsClient } from './clients.ts';
import type { Moto } from './moto.ts';
import { awsRules } from './rules/rules.ts';
import { s3Rules } from './rules/s3.ts';

/** Reads the object of an `s3:` URL with a role that may read it. */
export async function readS3(client: S3Client, url: string): Promise<string> {
  const [, Bucket = '', Key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(url) ?? [];
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
  return (await Body?.transformToString()) ?? '';
}

/** A separate versioned bucket; `put` and `remove` return the version that they make. */
export async function s3World(moto: Pick<Moto, 'endpoint'>) {
  const user = awsClient(S3Client, moto);
  const bucket = `models-${randomUUID()}`;
  await user.send(new CreateBucketCommand({ Bucket: bucket }));
  // An object put before versioning is on has the version id `null`.
  await user.send(new PutObjectCommand({ Bucket: bucket, Key: 'before', Body: 'x' }));
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await user.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));

  return {
    bucket,
    readByRole: (url: string) => readS3(user, url),
    client: (options?: { readonly maxAttempts: number }) =>
      awsClient(S3Client, moto, awsRules(s3Rules), options),

    async put(key: string, bytes: Uint8Array | string, more: Partial<PutObjectCommandInput> = {}) {
      // S3 computes this checksum itself for an object that comes without one; moto does not.
      const checksum = { ChecksumAlgorithm: 'CRC64NVME', ...more } as const;
      const put = { Bucket: bucket, Key: key, Body: bytes, ...checksum };
      return (await user.send(new PutObjectCommand(put))).VersionId ?? '';
    },

    async remove(key: string) {
      return (
        (await user.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }))).VersionId ?? ''
      );
    },
  };
}
