import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { s3ArtifactStore } from '#adapters/aws/store/s3-artifact-store.ts';
import { uploadToBucket } from '#operations/account/upload.ts';
import { awsClient } from '../support/aws/clients.ts';
import { describeOnMoto } from '../support/aws/moto.ts';

const ANN = 'arn:aws:sts::123456789012:assumed-role/science/ann@example.com';
const MANY_PARTS = 17 * 2 ** 20;

describeOnMoto('who uploads by slipway push', (moto) => {
  const bucket = 'dropped-by';
  let client: S3Client;
  let folder: string;
  beforeAll(async () => {
    client = awsClient(S3Client, moto());
    folder = await mkdtemp(join(tmpdir(), 'slipway-upload-'));
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function claimed(sizeBytes: number, by: string | undefined) {
    const file = join(folder, `${sizeBytes}.onnx`);
    await writeFile(file, Buffer.alloc(sizeBytes));
    const signal = new AbortController().signal;
    const key = `models/a/${sizeBytes}.onnx`;
    const upload = { key, file, signal, onSent: () => undefined, by };
    const { versionId } = await uploadToBucket(client, bucket, upload);
    const stored = await s3ArtifactStore({ client, bucket }).describe({ bucket, key, versionId });
    return stored?.claims;
  }

  it.each([
    ['in one part', 5],
    ['without a byte', 0],
    ['in many parts', MANY_PARTS],
  ])('is written beside what is uploaded %s', async (_, sizeBytes) => {
    expect(await claimed(sizeBytes, ANN)).toBe(ANN);
  });

  it('is nobody where the caller could not be asked for', async () => {
    expect(await claimed(7, undefined)).toBeUndefined();
  });
});
