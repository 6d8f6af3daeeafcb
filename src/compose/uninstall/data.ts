import { CloudFormationClient, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DeleteBucketCommand,
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { translated } from '#adapters/aws/failures.ts';
import { type AwsAccount, clientSettings } from '#compose/account/clients.ts';
import type { SlipwayStack } from '#compose/account/stack.ts';
import { Failure } from '#domain/failure.ts';
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

/** The removal of the objects in the deployment bucket, which belongs to the stack: CloudFormation does not delete a bucket that holds objects. */
export async function emptying(
  account: AwsAccount,
  { id }: Pick<SlipwayStack, 'id'>,
): Promise<Removal> {
  const client = new S3Client(clientSettings(account));
  const Bucket = (await stackResources(account, id)).get('ServerlessDeploymentBucket');
  return {
    what: Bucket ? `what is in the deployment bucket ${Bucket}` : 'no deployment bucket',
    async remove() {
      if (Bucket) await unlessGone(() => empty(client, Bucket));
    },
  };
}

/** The names of what a stack has made and not deleted, by logical id. */
export async function stackResources(
  account: AwsAccount,
  StackName: string,
): Promise<ReadonlyMap<string, string>> {
  const client = new CloudFormationClient(clientSettings(account));
  const names = new Map<string, string>();
  for await (const { StackResourceSummaries = [] } of paginateListStackResources(
    { client },
    { StackName },
  )) {
    for (const {
      LogicalResourceId,
      PhysicalResourceId,
      ResourceStatus,
    } of StackResourceSummaries) {
      const isThere = PhysicalResourceId && ResourceStatus !== 'DELETE_COMPLETE';
      if (LogicalResourceId && isThere) names.set(LogicalResourceId, PhysicalResourceId);
    }
  }
  return names;
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
