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

/** Downloads the parts of an account's artifacts into a folder; answers the file of each. Fails with `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`. */
export async function artifactFiles(
  account: AwsAccount,
  folder: string,
): Promise<(part: ArtifactPart) => Promise<string>> {
  const { outputs } = await findStack(account);
  const client = new S3Client(clientSettings(account));
  return async ({ key: Key, versionId: VersionId }) => {
    const get = new GetObjectCommand({ Bucket: outputs.Bucket, Key, VersionId });
    const { Body } = await translated(() => client.send(get));
    const file = join(folder, randomUUID());
    await pipeline(Readable.from(Body?.transformToWebStream() ?? []), createWriteStream(file));
    return file;
  };
}
