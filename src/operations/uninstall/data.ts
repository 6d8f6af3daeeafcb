import { DeleteTableCommand, DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DeleteBucketCommand,
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { translated } from '#adapters/aws/failures.ts';
import { Failure } from '#domain/failure.ts';
import { type AwsAccount, clientSettings } from '#operations/account/clients.ts';
import type { Parts } from './parts.ts';
import { type Removal, unlessGone } from './removal.ts';

export function removalOfBucket(account: AwsAccount, Bucket: string, contents: string): Removal {
  const client = new S3Client(clientSettings(account));
  return {
    what: `the bucket ${Bucket} with ${contents}`,
    async remove() {
      await unlessGone(async () => {
        await empty(client, Bucket);
        await client.send(new DeleteBucketCommand({ Bucket }));
      });
    },
  };
}

export function removalOfTable(account: AwsAccount, TableName: string): Removal {
  const client = new DynamoDBClient(clientSettings(account));
  return {
    what: `the table ${TableName} with the registry`,
    async remove() {
      await unlessGone(() => client.send(new DeleteTableCommand({ TableName })));
    },
  };
}

/** Fails with `InputInvalid` where the table is protected against deletion, which would stop an uninstall only after everything else is gone. */
export async function refuseProtected(account: AwsAccount, TableName: string): Promise<void> {
  const client = new DynamoDBClient(clientSettings(account));
  const describe = new DescribeTableCommand({ TableName });
  const found = await unlessGone(() => client.send(describe));
  if (!found?.Table?.DeletionProtectionEnabled) return;
  throw new Failure('InputInvalid', `the table ${TableName} is protected against deletion`, {
    fix: `Deploy once with --param deletionProtection=false, or leave out --delete-table. A table whose stack is gone: \`aws dynamodb update-table --table-name ${TableName} --no-deletion-protection-enabled\`.`,
  });
}

/** The removal of the objects in the deployment bucket, which belongs to the stack: CloudFormation does not delete a bucket that holds objects. */
export function emptying(account: AwsAccount, { made }: Parts): Removal {
  const client = new S3Client(clientSettings(account));
  const Bucket = made.get('ServerlessDeploymentBucket');
  return {
    what: Bucket ? `what is in the deployment bucket ${Bucket}` : 'no deployment bucket',
    async remove() {
      if (Bucket) await unlessGone(() => empty(client, Bucket));
    },
  };
}

/** Deletes every version and delete marker, in pages of 1,000, which is also the limit of one delete request. */
async function empty(client: S3Client, Bucket: string): Promise<void> {
  for (;;) {
    const { Versions = [], DeleteMarkers = [] } = await translated(() =>
      client.send(new ListObjectVersionsCommand({ Bucket })),
    );
    const Objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({
      Key,
      VersionId,
    }));
    if (Objects.length === 0) return;
    const remove = new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } });
    const { Errors = [] } = await translated(() => client.send(remove));
    const [first] = Errors;
    if (first) throw new Failure('PlatformDenied', `${first.Key}: ${first.Message}`);
  }
}
