import {
  APIGatewayClient,
  paginateGetApiKeys,
  paginateGetRestApis,
} from '@aws-sdk/client-api-gateway';
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
import { IAMClient, paginateListRoles } from '@aws-sdk/client-iam';
import { LambdaClient, paginateListFunctions } from '@aws-sdk/client-lambda';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { paginateListStateMachines, SFNClient } from '@aws-sdk/client-sfn';
import { bounded } from '#adapters/aws/bounded.ts';
import { translated } from '#adapters/aws/failures.ts';
import type { AwsAccount } from '#compose/account/clients.ts';
import { clientSettings } from '#compose/account/clients.ts';

type Settings = ReturnType<typeof clientSettings>;
type Names = readonly (string | undefined)[];
type List = (settings: Settings, stage: string) => Promise<Names>;

const LISTS_AT_ONCE = 4;

async function each<Page>(pages: AsyncIterable<Page>, names: (page: Page) => Names | undefined) {
  const found: (string | undefined)[] = [];
  for await (const page of pages) found.push(...(names(page) ?? []));
  return found;
}

/** By what a person calls each kind. */
const LISTS: Readonly<Record<string, List>> = {
  alarm: (settings) =>
    each(paginateDescribeAlarms({ client: new CloudWatchClient(settings) }, {}), (page) =>
      page.MetricAlarms?.map(({ AlarmName }) => AlarmName),
    ),
  api: (settings) =>
    each(paginateGetRestApis({ client: new APIGatewayClient(settings) }, {}), (page) =>
      page.items?.map(({ name }) => name),
    ),
  bucket: async (settings) => {
    const { Buckets } = await new S3Client(settings).send(new ListBucketsCommand({}));
    return Buckets?.map(({ Name }) => Name) ?? [];
  },
  'build project': (settings) =>
    each(
      paginateListProjects({ client: new CodeBuildClient(settings) }, {}),
      ({ projects }) => projects,
    ),
  bus: async (settings) => {
    const client = new EventBridgeClient(settings);
    const { EventBuses } = await client.send(new ListEventBusesCommand({}));
    return EventBuses?.map(({ Name }) => Name) ?? [];
  },
  cluster: (settings) =>
    each(
      paginateListClusters({ client: new ECSClient(settings) }, {}),
      ({ clusterArns }) => clusterArns,
    ),
  function: (settings) =>
    each(paginateListFunctions({ client: new LambdaClient(settings) }, {}), ({ Functions }) =>
      Functions?.map(({ FunctionName }) => FunctionName),
    ),
  key: (settings) =>
    each(paginateGetApiKeys({ client: new APIGatewayClient(settings) }, {}), ({ items }) =>
      items?.map(({ name }) => name),
    ),
  'load balancer': (settings) =>
    each(
      paginateDescribeLoadBalancers({ client: new ElasticLoadBalancingV2Client(settings) }, {}),
      ({ LoadBalancers }) => LoadBalancers?.map(({ LoadBalancerName }) => LoadBalancerName),
    ),
  'log group': (settings) =>
    each(
      paginateDescribeLogGroups({ client: new CloudWatchLogsClient(settings) }, {}),
      ({ logGroups }) => logGroups?.map(({ logGroupName }) => logGroupName),
    ),
  machine: (settings) =>
    each(paginateListStateMachines({ client: new SFNClient(settings) }, {}), (page) =>
      page.stateMachines?.map(({ name }) => name),
    ),
  // Lambda describes its interfaces by the function that they serve.
  'network interface': (settings) =>
    each(paginateDescribeNetworkInterfaces({ client: new EC2Client(settings) }, {}), (page) =>
      page.NetworkInterfaces?.map(({ Description }) => Description),
    ),
  network: (settings) =>
    each(paginateDescribeVpcs({ client: new EC2Client(settings) }, {}), ({ Vpcs }) =>
      Vpcs?.map(({ Tags = [] }) => Tags.find(({ Key }) => Key === 'Name')?.Value),
    ),
  repository: (settings) =>
    each(paginateDescribeRepositories({ client: new ECRClient(settings) }, {}), (page) =>
      page.repositories?.map(({ repositoryName }) => repositoryName),
    ),
  role: (settings) =>
    each(paginateListRoles({ client: new IAMClient(settings) }, {}), ({ Roles }) =>
      Roles?.map(({ RoleName }) => RoleName),
    ),
  stack: (settings) =>
    each(paginateDescribeStacks({ client: new CloudFormationClient(settings) }, {}), (page) =>
      page.Stacks?.map(({ StackName }) => StackName),
    ),
  table: (settings) =>
    each(
      paginateListTables({ client: new DynamoDBClient(settings) }, {}),
      ({ TableNames }) => TableNames,
    ),
  'target group': (settings) =>
    each(
      paginateDescribeTargetGroups({ client: new ElasticLoadBalancingV2Client(settings) }, {}),
      ({ TargetGroups }) => TargetGroups?.map(({ TargetGroupName }) => TargetGroupName),
    ),
};

/** Everything of the account that has the stage's name in its own, as `kind name`, sorted. Fails where a list cannot be had: what was not looked at is not gone. */
export async function inventory(account: AwsAccount): Promise<readonly string[]> {
  const isOurs = ofStage(account.stage);
  const found = await bounded(Object.entries(LISTS), LISTS_AT_ONCE, async ([kind, list]) => {
    const names = await translated(() => list(clientSettings(account), account.stage));
    return names.flatMap((name) => (name && isOurs(name) ? [`${kind} ${name}`] : []));
  });
  return found.flat().toSorted();
}

/** `slipway-dev`, `slipway-dev-m-digits` and `/slipway/dev/models` are of the stage `dev`, `slipway-dev2` is not. */
export function ofStage(stage: string): (name: string) => boolean {
  const sign = new RegExp(`(?:^|[^a-z0-9])slipway[-/]${stage}(?![a-z0-9])`, 'i');
  return (name) => sign.test(name);
}
