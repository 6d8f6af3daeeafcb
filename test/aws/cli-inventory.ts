import {
  APIGatewayClient,
  GetApiKeysCommand,
  GetRestApisCommand,
} from '@aws-sdk/client-api-gateway';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { DescribeRepositoriesCommand, ECRClient } from '@aws-sdk/client-ecr';
import {
  EventBridgeClient,
  ListEventBusesCommand,
  ListRulesCommand,
} from '@aws-sdk/client-eventbridge';
import { IAMClient, ListRolesCommand } from '@aws-sdk/client-iam';
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { ListStateMachinesCommand, SFNClient } from '@aws-sdk/client-sfn';
import { awsClient } from '../support/aws/clients.ts';
import type { Moto } from '../support/aws/moto.ts';

/** Every resource of the kinds that Slipway makes, regardless of its maker, as `kind name`. */
export async function inventory(moto: Moto): Promise<readonly string[]> {
  const names = (kind: string, found: readonly (string | undefined)[] = []) =>
    found.map((name) => `${kind} ${name}`);
  const found = await Promise.all([
    awsClient(LambdaClient, moto)
      .send(new ListFunctionsCommand())
      .then(({ Functions }) =>
        names(
          'function',
          Functions?.map((each) => each.FunctionName),
        ),
      ),
    awsClient(APIGatewayClient, moto)
      .send(new GetRestApisCommand())
      .then(({ items }) =>
        names(
          'api',
          items?.map(({ name }) => name),
        ),
      ),
    awsClient(APIGatewayClient, moto)
      .send(new GetApiKeysCommand())
      .then(({ items }) =>
        names(
          'key',
          items?.map(({ name }) => name),
        ),
      ),
    awsClient(CloudFormationClient, moto)
      .send(new DescribeStacksCommand())
      .then(({ Stacks }) =>
        names(
          'stack',
          Stacks?.map(({ StackName }) => StackName),
        ),
      ),
    awsClient(CloudWatchLogsClient, moto)
      .send(new DescribeLogGroupsCommand())
      .then(({ logGroups }) =>
        names(
          'logs',
          logGroups?.map(({ logGroupName }) => logGroupName),
        ),
      ),
    awsClient(DynamoDBClient, moto)
      .send(new ListTablesCommand())
      .then(({ TableNames }) => names('table', TableNames)),
    awsClient(ECRClient, moto)
      .send(new DescribeRepositoriesCommand())
      .then(({ repositories }) =>
        names(
          'repository',
          repositories?.map(({ repositoryName }) => repositoryName),
        ),
      ),
    awsClient(EventBridgeClient, moto)
      .send(new ListRulesCommand())
      .then(({ Rules }) =>
        names(
          'rule',
          Rules?.map(({ Name }) => Name),
        ),
      ),
    awsClient(EventBridgeClient, moto)
      .send(new ListEventBusesCommand())
      .then(({ EventBuses }) =>
        names(
          'bus',
          EventBuses?.map(({ Name }) => Name),
        ),
      ),
    awsClient(IAMClient, moto)
      .send(new ListRolesCommand())
      .then(({ Roles }) =>
        names(
          'role',
          Roles?.map(({ RoleName }) => RoleName),
        ),
      ),
    awsClient(S3Client, moto)
      .send(new ListBucketsCommand())
      .then(({ Buckets }) =>
        names(
          'bucket',
          Buckets?.map(({ Name }) => Name),
        ),
      ),
    awsClient(SFNClient, moto)
      .send(new ListStateMachinesCommand())
      .then(({ stateMachines }) =>
        names(
          'machine',
          stateMachines?.map(({ name }) => name),
        ),
      ),
  ]);
  return found.flat().toSorted();
}
