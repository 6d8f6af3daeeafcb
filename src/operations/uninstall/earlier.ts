import { GetBucketTaggingCommand, ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { translated } from '#adapters/aws/failures.ts';
import { failureName } from '#domain/failure.ts';
import { type AwsAccount, clientSettings } from '#operations/account/clients.ts';
import type { Parts } from './parts.ts';
import { unlessGone } from './removal.ts';

// Only CloudFormation can set a tag with this prefix. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-resource-tags.html
const MADE_BY = 'aws:cloudformation:stack-name';

/**
 * The buckets that earlier stacks of this stage have left behind: a first deploy that failed keeps the bucket of the access logs. No stack names them any more.
 * Empty for a caller who may not list the account's buckets.
 */
export async function earlierBuckets(
  account: AwsAccount,
  { name, made, outputs }: Parts,
): Promise<readonly string[]> {
  const client = new S3Client(clientSettings(account));
  const known = new Set([outputs.Bucket, outputs.LogBucket, ...made.values()]);
  const buckets = await translated(async () => {
    const { Buckets = [] } = await client.send(new ListBucketsCommand({ Prefix: `${name}-` }));
    return Buckets.flatMap(({ Name = '' }) => (known.has(Name) ? [] : Name));
  }).catch(noneIfDenied);
  const found: string[] = [];
  for (const Bucket of buckets.filter((each) => each.startsWith(`${name}-`))) {
    const tags = await unlessGone(() => client.send(new GetBucketTaggingCommand({ Bucket })));
    const isOurs = tags?.TagSet?.some(({ Key, Value }) => Key === MADE_BY && Value === name);
    if (isOurs) found.push(Bucket);
  }
  return found;
}

function noneIfDenied(error: unknown): readonly string[] {
  if (failureName(error) === 'PlatformDenied') return [];
  throw error;
}
