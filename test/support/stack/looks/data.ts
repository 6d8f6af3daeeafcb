import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  DescribeMetricFiltersCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import {
  DescribeRepositoriesCommand,
  ECRClient,
  GetLifecyclePolicyCommand,
  GetRepositoryPolicyCommand,
} from '@aws-sdk/client-ecr';
import { DescribeDeliveryStreamCommand, FirehoseClient } from '@aws-sdk/client-firehose';
import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  type LifecycleRule,
  S3Client,
} from '@aws-sdk/client-s3';
import { awsClient } from '../../aws/clients.ts';
import { type Look, part } from '../parts.ts';

const bucket: Look = async ({ id: Bucket }, aws) => {
  const s3 = awsClient(S3Client, aws);
  const at = { Bucket };
  return {
    BucketEncryption: await part(async () => {
      const found = await s3.send(new GetBucketEncryptionCommand(at));
      const rules = found.ServerSideEncryptionConfiguration?.Rules ?? [];
      return {
        ServerSideEncryptionConfiguration: rules.map(({ ApplyServerSideEncryptionByDefault }) => ({
          ServerSideEncryptionByDefault: ApplyServerSideEncryptionByDefault,
        })),
      };
    }),
    LifecycleConfiguration: await part(async () => ({
      Rules: (await s3.send(new GetBucketLifecycleConfigurationCommand(at))).Rules?.map(lifecycle),
    })),
    NotificationConfiguration: await part(async () => {
      const found = await s3.send(new GetBucketNotificationConfigurationCommand(at));
      const told = { EventBridgeConfiguration: { EventBridgeEnabled: true } };
      return found.EventBridgeConfiguration ? told : {};
    }),
    OwnershipControls: await part(
      async () => (await s3.send(new GetBucketOwnershipControlsCommand(at))).OwnershipControls,
    ),
    PublicAccessBlockConfiguration: await part(
      async () =>
        (await s3.send(new GetPublicAccessBlockCommand(at))).PublicAccessBlockConfiguration,
    ),
    VersioningConfiguration: await part(async () => ({
      Status: (await s3.send(new GetBucketVersioningCommand(at))).Status,
    })),
  };
};

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html, in CloudFormation's words */
function lifecycle(rule: LifecycleRule) {
  const { ID, Status, Filter, Prefix, Expiration, AbortIncompleteMultipartUpload } = rule;
  return {
    Id: ID,
    Status,
    AbortIncompleteMultipartUpload,
    Prefix: Prefix ?? Filter?.Prefix,
    ExpirationInDays: Expiration?.Days,
    NoncurrentVersionExpiration: rule.NoncurrentVersionExpiration,
  };
}

const bucketPolicy: Look = async ({ properties: { Bucket } }, aws) => {
  const { Policy = '' } = await awsClient(S3Client, aws).send(
    new GetBucketPolicyCommand({ Bucket }),
  );
  return { Bucket, PolicyDocument: JSON.parse(Policy) };
};

const table: Look = async ({ id: TableName }, aws) => {
  const client = awsClient(DynamoDBClient, aws);
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  return {
    AttributeDefinitions: Table?.AttributeDefinitions,
    BillingMode: Table?.BillingModeSummary?.BillingMode,
    KeySchema: Table?.KeySchema,
    StreamSpecification: { StreamViewType: Table?.StreamSpecification?.StreamViewType },
    TimeToLiveSpecification: await part(async () => {
      const found = await client.send(new DescribeTimeToLiveCommand({ TableName }));
      const { AttributeName, TimeToLiveStatus } = found.TimeToLiveDescription ?? {};
      return { AttributeName, Enabled: TimeToLiveStatus === 'ENABLED' };
    }),
    PointInTimeRecoverySpecification: await part(async () => {
      const found = await client.send(new DescribeContinuousBackupsCommand({ TableName }));
      const { PointInTimeRecoveryDescription } = found.ContinuousBackupsDescription ?? {};
      const status = PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus;
      return { PointInTimeRecoveryEnabled: status === 'ENABLED' };
    }),
  };
};

const repository: Look = async ({ properties: { RepositoryName: repositoryName } }, aws) => {
  const client = awsClient(ECRClient, aws);
  const find = new DescribeRepositoriesCommand({ repositoryNames: [repositoryName] });
  const [found] = (await client.send(find)).repositories ?? [];
  return {
    RepositoryName: found?.repositoryName,
    ImageTagMutability: found?.imageTagMutability,
    ImageScanningConfiguration: { ScanOnPush: found?.imageScanningConfiguration?.scanOnPush },
    LifecyclePolicy: await part(async () => {
      const policy = await client.send(new GetLifecyclePolicyCommand({ repositoryName }));
      return { LifecyclePolicyText: policy.lifecyclePolicyText };
    }),
    RepositoryPolicyText: await part(async () => {
      const policy = await client.send(new GetRepositoryPolicyCommand({ repositoryName }));
      return JSON.parse(policy.policyText ?? '{}');
    }),
  };
};

const logGroup: Look = async ({ properties: { LogGroupName } }, aws) => {
  const find = new DescribeLogGroupsCommand({ logGroupNamePrefix: LogGroupName });
  const { logGroups = [] } = await awsClient(CloudWatchLogsClient, aws).send(find);
  const found = logGroups.find(({ logGroupName }) => logGroupName === LogGroupName);
  return { LogGroupName: found?.logGroupName, RetentionInDays: found?.retentionInDays };
};

const metricFilter: Look = async ({ properties: { LogGroupName } }, aws) => {
  const find = new DescribeMetricFiltersCommand({ logGroupName: LogGroupName });
  const { metricFilters = [] } = await awsClient(CloudWatchLogsClient, aws).send(find);
  const [found] = metricFilters;
  return {
    LogGroupName: found?.logGroupName,
    FilterPattern: found?.filterPattern,
    MetricTransformations: found?.metricTransformations?.map((each) => ({
      MetricNamespace: each.metricNamespace,
      MetricName: each.metricName,
      MetricValue: each.metricValue,
    })),
  };
};

const deliveryStream: Look = async ({ properties: { DeliveryStreamName } }, aws) => {
  const find = new DescribeDeliveryStreamCommand({ DeliveryStreamName });
  const { DeliveryStreamDescription: found } = await awsClient(FirehoseClient, aws).send(find);
  return {
    ...found,
    ExtendedS3DestinationConfiguration: found?.Destinations?.[0]?.ExtendedS3DestinationDescription,
  };
};

export const dataLooks: Readonly<Record<string, Look>> = {
  'AWS::S3::Bucket': bucket,
  'AWS::S3::BucketPolicy': bucketPolicy,
  'AWS::DynamoDB::Table': table,
  'AWS::ECR::Repository': repository,
  'AWS::Logs::LogGroup': logGroup,
  'AWS::Logs::MetricFilter': metricFilter,
  'AWS::KinesisFirehose::DeliveryStream': deliveryStream,
};
