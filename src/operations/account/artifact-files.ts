import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { translated } from '#adapters/aws/failures.ts';
import type { ArtifactPart } from '#domain/deployment.ts';
import { type AwsAccount, clientSettings } from './clients.ts';
import { findStack } from './stack.ts';

// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
const GONE = { NoSuchKey: 'ArtifactRejected', NoSuchVersion: 'ArtifactRejected' } as const;

/** Downloads a part of an artifact, in the version that it is pinned to; answers its file. */
export type FileOf = (part: ArtifactPart) => Promise<string>;

/** Downloads the parts of an account's artifacts into a folder. Fails as `bucketFiles` does. */
export async function artifactFiles(account: AwsAccount, folder: string): Promise<FileOf> {
  const { outputs } = await findStack(account);
  return bucketFiles(new S3Client(clientSettings(account)), outputs.Bucket, folder);
}

/** Downloads the parts of artifacts in a bucket into a folder. Fails with `ArtifactRejected` for a version that is gone, `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`. */
export function bucketFiles(client: S3Client, bucket: string, folder: string): FileOf {
  return async ({ key: Key, versionId: VersionId }) => {
    const get = new GetObjectCommand({ Bucket: bucket, Key, VersionId });
    const { Body } = await translated(() => client.send(get), GONE);
    const file = join(folder, randomUUID());
    await pipeline(Readable.from(Body?.transformToWebStream() ?? []), createWriteStream(file));
    return file;
  };
}
