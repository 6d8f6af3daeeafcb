import { APIGatewayClient, GetRestApisCommand } from '@aws-sdk/client-api-gateway';
import {
  ApplicationAutoScalingClient,
  DescribeScalableTargetsCommand,
} from '@aws-sdk/client-application-auto-scaling';
import { CloudFormationClient, ListStacksCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuildClient, ListProjectsCommand } from '@aws-sdk/client-codebuild';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { DescribeRepositoriesCommand, ECRClient } from '@aws-sdk/client-ecr';
import { ECSClient, ListClustersCommand } from '@aws-sdk/client-ecs';
import {
  DescribeLoadBalancersCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { EventBridgeClient, ListEventBusesCommand } from '@aws-sdk/client-eventbridge';
import { FirehoseClient, ListDeliveryStreamsCommand } from '@aws-sdk/client-firehose';
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { ListStateMachinesCommand, SFNClient } from '@aws-sdk/client-sfn';
import { ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type AwsAccount, clientSettings } from '#compose/account/clients.ts';
import { fail, ok } from './doctor.ts';

type Settings = ReturnType<typeof clientSettings>;
type Service = { readonly name: string; readonly list: () => Promise<unknown> };

// Accounts on the Free plan, and those whose sign-up is not finished, are refused by these names. https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/free-tier-plans.html
const NOT_SUBSCRIBED = /^(?:SubscriptionRequiredException|OptInRequired|SubscriptionRequired)$/;

/** Asks each service that the stack is made of for a list: whether it is in the region, and the account may use it. */
export async function lookAtServices(account: AwsAccount, hasContainers: boolean) {
  const settings = clientSettings(account);
  const asked = [...services(settings), ...(hasContainers ? containerServices(settings) : [])];
  const region = await new LambdaClient(settings).config.region();
  const found = await Promise.all(
    asked.map(async ({ name, list }) => ({ name, error: await list().then(() => null, asError) })),
  );
  const lacking = (sign: (error: Error) => boolean) =>
    found.flatMap(({ name, error }) => (error && sign(error) ? name : []));
  const absent = lacking(isAbsent);
  if (absent.length === asked.length) {
    return fail(
      `no service of AWS has an address in ${region}`,
      'Check the name of the region and the network connection.',
    );
  }
  if (absent.length > 0) {
    return fail(
      `${absent.join(', ')} ${absent.length === 1 ? 'is' : 'are'} not in ${region}`,
      'Deploy to another region, by --region.',
    );
  }
  const refused = lacking(isNotSubscribed);
  if (refused.length > 0) {
    return fail(
      `this account may not use ${refused.join(', ')}`,
      'Accounts on the Free plan lack services: upgrade to the Paid plan (Billing and Cost Management, Account plan). On the Paid plan finish the sign-up: a payment method and a verified telephone number; AWS takes up to 24 hours.',
    );
  }
  return ok(`${asked.length} services answer in ${region}`);
}

/** Whether a service is not in the region or not the account's, by its error: what it has is none of another check's then. */
export function isUnusable(error: Error): boolean {
  return isAbsent(error) || isNotSubscribed(error);
}

/** The region has no address for it. */
function isAbsent(error: Error): boolean {
  return 'code' in error && error.code === 'ENOTFOUND';
}

function isNotSubscribed({ name }: Error): boolean {
  return NOT_SUBSCRIBED.test(name);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function services(settings: Settings): readonly Service[] {
  return [
    service('CloudFormation', () =>
      new CloudFormationClient(settings).send(
        new ListStacksCommand({ StackStatusFilter: ['CREATE_FAILED'] }),
      ),
    ),
    service('S3', () => new S3Client(settings).send(new ListBucketsCommand({ MaxBuckets: 1 }))),
    service('DynamoDB', () =>
      new DynamoDBClient(settings).send(new ListTablesCommand({ Limit: 1 })),
    ),
    service('Lambda', () =>
      new LambdaClient(settings).send(new ListFunctionsCommand({ MaxItems: 1 })),
    ),
    service('Step Functions', () =>
      new SFNClient(settings).send(new ListStateMachinesCommand({ maxResults: 1 })),
    ),
    service('EventBridge', () =>
      new EventBridgeClient(settings).send(new ListEventBusesCommand({ Limit: 1 })),
    ),
    service('CodeBuild', () => new CodeBuildClient(settings).send(new ListProjectsCommand({}))),
    service('ECR', () =>
      new ECRClient(settings).send(new DescribeRepositoriesCommand({ maxResults: 1 })),
    ),
    service('API Gateway', () =>
      new APIGatewayClient(settings).send(new GetRestApisCommand({ limit: 1 })),
    ),
    service('CloudWatch', () =>
      new CloudWatchClient(settings).send(new DescribeAlarmsCommand({ MaxRecords: 1 })),
    ),
    service('CloudWatch Logs', () =>
      new CloudWatchLogsClient(settings).send(new DescribeLogGroupsCommand({ limit: 1 })),
    ),
    service('Firehose', () =>
      new FirehoseClient(settings).send(new ListDeliveryStreamsCommand({ Limit: 1 })),
    ),
    service('SQS', () => new SQSClient(settings).send(new ListQueuesCommand({ MaxResults: 1 }))),
    service('SNS', () => new SNSClient(settings).send(new ListTopicsCommand({}))),
    service('EC2', () => new EC2Client(settings).send(new DescribeVpcsCommand({}))),
  ];
}

function containerServices(settings: Settings): readonly Service[] {
  return [
    service('ECS', () => new ECSClient(settings).send(new ListClustersCommand({ maxResults: 1 }))),
    service('Elastic Load Balancing', () =>
      new ElasticLoadBalancingV2Client(settings).send(
        new DescribeLoadBalancersCommand({ PageSize: 1 }),
      ),
    ),
    service('Application Auto Scaling', () =>
      new ApplicationAutoScalingClient(settings).send(
        new DescribeScalableTargetsCommand({ ServiceNamespace: 'ecs', MaxResults: 1 }),
      ),
    ),
  ];
}

function service(name: string, list: Service['list']): Service {
  return { name, list };
}
