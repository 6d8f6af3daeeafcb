import {
  APIGatewayClient,
  paginateGetApiKeys,
  paginateGetRestApis,
} from '@aws-sdk/client-api-gateway';
import {
  ApplicationAutoScalingClient,
  paginateDescribeScalableTargets,
} from '@aws-sdk/client-application-auto-scaling';
import { CloudFormationClient, paginateDescribeStacks } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, paginateDescribeLogGroups } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuildClient, paginateListProjects } from '@aws-sdk/client-codebuild';
import { DynamoDBClient, paginateListTables } from '@aws-sdk/client-dynamodb';
import {
  EC2Client,
  paginateDescribeNetworkInterfaces,
  paginateDescribeVpcs,
} from '@aws-sdk/client-ec2';
import { ECRClient, paginateDescribeRepositories } from '@aws-sdk/client-ecr';
import { ECSClient, paginateListClusters } from '@aws-sdk/client-ecs';
import {
  ElasticLoadBalancingV2Client,
  paginateDescribeLoadBalancers,
  paginateDescribeTargetGroups,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { EventBridgeClient, ListEventBusesCommand } from '@aws-sdk/client-eventbridge';
import { FirehoseClient, ListDeliveryStreamsCommand } from '@aws-sdk/client-firehose';
import { IAMClient, paginateListRoles } from '@aws-sdk/client-iam';
import { DescribeKeyCommand, KMSClient, paginateListKeys } from '@aws-sdk/client-kms';
import { LambdaClient, paginateListFunctions } from '@aws-sdk/client-lambda';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { paginateListStateMachines, SFNClient } from '@aws-sdk/client-sfn';
import { paginateListTopics, SNSClient } from '@aws-sdk/client-sns';
import { paginateListQueues, SQSClient } from '@aws-sdk/client-sqs';
import type { clientSettings } from './clients.ts';

type Settings = ReturnType<typeof clientSettings>;
type Names = readonly (string | undefined)[] | undefined;

/** A list of one kind of resource in an account: `kind` is the name in messages, then the service, and the resource names, a page at a time. */
export type ListOf = {
  readonly kind: string;
  readonly service: string;
  /** Only a stage with containers needs the service. */
  readonly isForContainers?: true;
  pages(settings: Settings): AsyncIterable<Names>;
};

/** A kind whose client pages by itself. */
function paged<Client, Page>(
  service: string,
  kind: string,
  Client: new (settings: Settings) => Client,
  [pages, names]: readonly [(client: Client) => AsyncIterable<Page>, (page: Page) => Names],
): ListOf {
  return {
    kind,
    service,
    async *pages(settings) {
      for await (const page of pages(new Client(settings))) yield names(page);
    },
  };
}

const forContainers = (list: ListOf): ListOf => ({ ...list, isForContainers: true });

/** Every kind of resource in a stage, and the services that have them: `slipway doctor` requests the first page from each service, `slipway prove` all pages. */
export const LISTS: readonly ListOf[] = [
  paged('CloudFormation', 'stack', CloudFormationClient, [
    (client) => paginateDescribeStacks({ client }, {}),
    ({ Stacks }) => Stacks?.map(({ StackName }) => StackName),
  ]),
  {
    kind: 'bucket',
    service: 'S3',
    async *pages(settings) {
      const { Buckets } = await new S3Client(settings).send(new ListBucketsCommand({}));
      yield Buckets?.map(({ Name }) => Name);
    },
  },
  paged('DynamoDB', 'table', DynamoDBClient, [
    (client) => paginateListTables({ client }, {}),
    ({ TableNames }) => TableNames,
  ]),
  paged('Lambda', 'function', LambdaClient, [
    (client) => paginateListFunctions({ client }, {}),
    ({ Functions }) => Functions?.map(({ FunctionName }) => FunctionName),
  ]),
  paged('Step Functions', 'machine', SFNClient, [
    (client) => paginateListStateMachines({ client }, {}),
    ({ stateMachines }) => stateMachines?.map(({ name }) => name),
  ]),
  {
    kind: 'bus',
    service: 'EventBridge',
    async *pages(settings) {
      const client = new EventBridgeClient(settings);
      const { EventBuses } = await client.send(new ListEventBusesCommand({}));
      yield EventBuses?.map(({ Name }) => Name);
    },
  },
  paged('CodeBuild', 'build project', CodeBuildClient, [
    (client) => paginateListProjects({ client }, {}),
    ({ projects }) => projects,
  ]),
  paged('ECR', 'repository', ECRClient, [
    (client) => paginateDescribeRepositories({ client }, {}),
    ({ repositories }) => repositories?.map(({ repositoryName }) => repositoryName),
  ]),
  paged('API Gateway', 'api', APIGatewayClient, [
    (client) => paginateGetRestApis({ client }, {}),
    ({ items }) => items?.map(({ name }) => name),
  ]),
  paged('API Gateway', 'key', APIGatewayClient, [
    (client) => paginateGetApiKeys({ client }, {}),
    ({ items }) => items?.map(({ name }) => name),
  ]),
  paged('CloudWatch', 'alarm', CloudWatchClient, [
    (client) => paginateDescribeAlarms({ client }, {}),
    ({ MetricAlarms }) => MetricAlarms?.map(({ AlarmName }) => AlarmName),
  ]),
  paged('CloudWatch Logs', 'log group', CloudWatchLogsClient, [
    (client) => paginateDescribeLogGroups({ client }, {}),
    ({ logGroups }) => logGroups?.map(({ logGroupName }) => logGroupName),
  ]),
  {
    kind: 'delivery stream',
    service: 'Firehose',
    async *pages(settings) {
      const client = new FirehoseClient(settings);
      for (let last: string | undefined; ; ) {
        const list = new ListDeliveryStreamsCommand({
          ...(last !== undefined && { ExclusiveStartDeliveryStreamName: last }),
        });
        const { DeliveryStreamNames = [], HasMoreDeliveryStreams } = await client.send(list);
        yield DeliveryStreamNames;
        last = DeliveryStreamNames.at(-1);
        if (!HasMoreDeliveryStreams || last === undefined) return;
      }
    },
  },
  paged('SQS', 'queue', SQSClient, [
    (client) => paginateListQueues({ client }, {}),
    ({ QueueUrls }) => QueueUrls?.map((url) => url.split('/').at(-1)),
  ]),
  paged('SNS', 'topic', SNSClient, [
    (client) => paginateListTopics({ client }, {}),
    ({ Topics }) => Topics?.map(({ TopicArn }) => TopicArn?.split(':').at(-1)),
  ]),
  paged('IAM', 'role', IAMClient, [
    (client) => paginateListRoles({ client }, {}),
    ({ Roles }) => Roles?.map(({ RoleName }) => RoleName),
  ]),
  {
    kind: 'signing key',
    service: 'KMS',
    // A key has an id but no name: its description says whose it is. A key that is scheduled for deletion costs nothing and signs nothing.
    async *pages(settings) {
      const client = new KMSClient(settings);
      for await (const { Keys = [] } of paginateListKeys({ client }, {})) {
        const described = Keys.map(({ KeyId }) => client.send(new DescribeKeyCommand({ KeyId })));
        const keys = await Promise.all(described);
        yield keys.flatMap(({ KeyMetadata }) =>
          KeyMetadata?.KeyState === 'PendingDeletion' ? [] : [KeyMetadata?.Description],
        );
      }
    },
  },
  paged('EC2', 'network', EC2Client, [
    (client) => paginateDescribeVpcs({ client }, {}),
    ({ Vpcs }) => Vpcs?.map(({ Tags = [] }) => Tags.find(({ Key }) => Key === 'Name')?.Value),
  ]),
  // Lambda's description of its interfaces names the function that they serve.
  paged('EC2', 'network interface', EC2Client, [
    (client) => paginateDescribeNetworkInterfaces({ client }, {}),
    ({ NetworkInterfaces }) => NetworkInterfaces?.map(({ Description }) => Description),
  ]),
  forContainers(
    paged('ECS', 'cluster', ECSClient, [
      (client) => paginateListClusters({ client }, {}),
      ({ clusterArns }) => clusterArns,
    ]),
  ),
  forContainers(
    paged('Elastic Load Balancing', 'load balancer', ElasticLoadBalancingV2Client, [
      (client) => paginateDescribeLoadBalancers({ client }, {}),
      ({ LoadBalancers }) => LoadBalancers?.map(({ LoadBalancerName }) => LoadBalancerName),
    ]),
  ),
  forContainers(
    paged('Elastic Load Balancing', 'target group', ElasticLoadBalancingV2Client, [
      (client) => paginateDescribeTargetGroups({ client }, {}),
      ({ TargetGroups }) => TargetGroups?.map(({ TargetGroupName }) => TargetGroupName),
    ]),
  ),
  forContainers(
    paged('Application Auto Scaling', 'scaled service', ApplicationAutoScalingClient, [
      (client) => paginateDescribeScalableTargets({ client }, { ServiceNamespace: 'ecs' }),
      ({ ScalableTargets }) => ScalableTargets?.map(({ ResourceId }) => ResourceId),
    ]),
  ),
];
