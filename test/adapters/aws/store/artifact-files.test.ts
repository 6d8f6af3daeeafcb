import { readFileSync } from 'node:fs';
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { bucketFiles } from '#operations/account/artifact-files.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { s3World } from '../../../support/aws/s3.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';

const KEY = 'models/iris/iris.onnx';

describeOnMoto('the files of versions in S3', (moto) => {
  const part = (versionId: string) => ({
    ...{ name: 'iris.onnx', key: KEY, versionId },
    ...{ sizeBytes: 3, checksum: 'crc64nvme:x' },
  });

  it('are downloaded as their version has them, each into a file of its own', async () => {
    await using folder = await temporaryFolder();
    const { client, bucket, put } = await s3World(moto());
    const [first, second] = [await put(KEY, 'one'), await put(KEY, 'two')];
    const fileOf = bucketFiles(client(), bucket, folder.path);

    const files = [await fileOf(part(first)), await fileOf(part(second))];

    expect(files.map((file) => readFileSync(file, 'utf8'))).toEqual(['one', 'two']);
  });

  it('are refused where a version is gone', async () => {
    await using folder = await temporaryFolder();
    const { client, bucket, put } = await s3World(moto());
    const VersionId = await put(KEY, 'one');
    const fileOf = bucketFiles(client(), bucket, folder.path);
    await client().send(new DeleteObjectCommand({ Bucket: bucket, Key: KEY, VersionId }));

    await expect(fileOf(part(VersionId))).rejects.toMatchObject({
      name: 'ArtifactRejected',
    });
  });
});
