import { APIGatewayClient, GetStageCommand } from '@aws-sdk/client-api-gateway';
import {
  CloudFormationClient,
  DescribeStackResourceCommand,
  GetTemplateCommand,
} from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient, DescribeLogStreamsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DescribeEventBusCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { DescribeStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import { translated } from '#adapters/aws/failures.ts';
import { dynamoAccountLimits } from '#adapters/aws/registry/dynamo-account-limits.ts';
import { systemClock } from '#adapters/clocks.ts';
import { failureName } from '#domain/failure.ts';
import { LIFT_MEMORY_LIMIT } from '#domain/placement/function-memory.ts';
import { accountRegistry } from '#operations/account/account.ts';
import { type AwsAccount, clientSettings } from '#operations/account/clients.ts';
import type { SlipwayStack } from '#operations/account/stack.ts';
import { lookAtBucket } from './bucket.ts';
import { type Check, fail, ok, warn } from './doctor.ts';
import { lookAtEnvironments, lookAtRepository } from './repository.ts';
import { lookAtSigning } from './signing.ts';

const DEPLOY_AGAIN = 'Deploy the stack again.';

type Settings = ReturnType<typeof clientSettings>;

/** Checks the stack's resources, each through its own service: a stack does not notice drift. */
export function stackChecks(account: AwsAccount, stack: Promise<SlipwayStack>): readonly Check[] {
  const settings = clientSettings(account);
  const check = (name: string, look: (stack: SlipwayStack) => ReturnType<Check['look']>) => ({
    check: name,
    look: async () => look(await stack).catch(asMissing),
  });
  return [
    check('bucket', ({ outputs }) => lookAtBucket(settings, outputs.Bucket)),
    check('table', ({ outputs }) => lookAtTable(settings, outputs.Table)),
    check('registry', ({ outputs }) => lookAtModels(account, outputs)),
    check('function memory', ({ outputs }) => lookAtFunctionMemory(settings, outputs.Table)),
    check('workflow', ({ outputs }) => lookAtWorkflow(settings, outputs.StateMachine)),
    check('rollback', ({ outputs }) => lookAtWorkflow(settings, outputs.RollbackWorkflow)),
    check('signed releases', (known) => lookAtSigning(account, known)),
    check('promote', ({ outputs }) => lookAtWorkflow(settings, outputs.PromoteWorkflow)),
    check('undeploy', ({ outputs }) => lookAtWorkflow(settings, outputs.UndeployWorkflow)),
    check('event bus', ({ outputs }) => lookAtBus(settings, outputs.Bus)),
    check('API', ({ outputs }) => lookAtApi(settings, outputs)),
    check('repository', ({ outputs }) => lookAtRepository(settings, outputs.Repository)),
    check('environments', ({ outputs }) => lookAtEnvironments(settings, outputs.Environments)),
    check('image project', ({ id }) => lookAtProject(settings, id, 'ImageProject')),
    // There is no finding where the stack builds no Dockerfiles.
    check('Dockerfile project', async ({ id, parameters }) =>
      parameters['OwnImages'] === 'built'
        ? lookAtProject(settings, id, 'OwnImageProject')
        : undefined,
    ),
    check('environment project', ({ id }) => lookAtProject(settings, id, 'EnvironmentProject')),
    check('web adapter', ({ id }) => lookAtWebAdapter(settings, id)),
    check('model logs', ({ outputs }) => lookAtLogs(settings, outputs.ModelLogGroup)),
  ];
}

// Each service names a missing resource differently; only its message matters.
function asMissing(error: unknown) {
  if (!(error instanceof Error) || failureName(error)) throw error;
  return fail(`${error.name}: ${error.message}`, DEPLOY_AGAIN);
}

async function lookAtTable(settings: Settings, TableName: string) {
  const client = new DynamoDBClient(settings);
  const { Table } = await translated(() => client.send(new DescribeTableCommand({ TableName })));
  if (Table?.TableStatus !== 'ACTIVE') {
    return warn(`${TableName} is ${Table?.TableStatus}`, 'Wait until it is ACTIVE.');
  }
  if (!Table.StreamSpecification?.StreamEnabled) {
    return fail(`${TableName} has no stream: events are not published`, DEPLOY_AGAIN);
  }
  return ok(`${TableName} is ACTIVE`);
}

async function lookAtModels(account: AwsAccount, outputs: SlipwayStack['outputs']) {
  const registry = accountRegistry(account, outputs);
  const [models, unended] = await Promise.all([registry.models(), registry.unended()]);
  const live = models.filter((model) => model.live !== null).length;
  return ok(`${models.length} models, ${live} live; ${unended.length} deployments under way`);
}

/** No finding while no function was rejected, since no API reports the limit. */
async function lookAtFunctionMemory(settings: Settings, table: string) {
  const client = new DynamoDBClient(settings);
  const limit = await dynamoAccountLimits({ client, table, clock: systemClock }).functionMemory();
  if (!limit) return undefined;
  const when = new Date(limit.learntAtMs).toISOString();
  return warn(
    `AWS gives a function of this account ${limit.mostMiB} MB at most, as it said at ${when}; a model that needs more runs in a container, or not at all`,
    LIFT_MEMORY_LIMIT,
  );
}

async function lookAtWorkflow(settings: Settings, stateMachineArn: string) {
  const client = new SFNClient(settings);
  const ask = new DescribeStateMachineCommand({ stateMachineArn });
  const { name, status } = await translated(() => client.send(ask));
  const says = `${name} is ${status}`;
  return status === 'ACTIVE' ? ok(says) : fail(says, DEPLOY_AGAIN);
}

async function lookAtBus(settings: Settings, Name: string) {
  const client = new EventBridgeClient(settings);
  const { Arn } = await translated(() => client.send(new DescribeEventBusCommand({ Name })));
  return ok(`${Arn}`);
}

async function lookAtApi(settings: Settings, outputs: SlipwayStack['outputs']) {
  const client = new APIGatewayClient(settings);
  const ask = new GetStageCommand({ restApiId: outputs.Api, stageName: outputs.ApiStage });
  const { deploymentId } = await translated(() => client.send(ask));
  if (!deploymentId) return fail(`the stage ${outputs.ApiStage} has no deployment`, DEPLOY_AGAIN);
  return ok(outputs.Endpoint);
}

async function lookAtProject(settings: Settings, StackName: string, LogicalResourceId: string) {
  const client = new CloudFormationClient(settings);
  const ask = new DescribeStackResourceCommand({ StackName, LogicalResourceId });
  const { StackResourceDetail } = await translated(() => client.send(ask));
  const { PhysicalResourceId: name, ResourceStatus: status = '' } = StackResourceDetail ?? {};
  const says = `${name} is ${status}`;
  return status.endsWith('_COMPLETE') ? ok(says) : fail(says, DEPLOY_AGAIN);
}

async function lookAtWebAdapter(settings: Settings, StackName: string) {
  const client = new CloudFormationClient(settings);
  const { TemplateBody = '' } = await translated(() =>
    client.send(new GetTemplateCommand({ StackName })),
  );
  const image = /"WEB_ADAPTER_IMAGE",\s*"Value":\s*"([^"]*)"/.exec(TemplateBody)?.[1];
  const fix = 'Deploy again with --param="webAdapterImage=REGISTRY/NAME:VERSION".';
  if (!image) return fail('no web adapter image is configured for builds', fix);
  // The name identifies the base of model images: with a mutable tag, two different images would count as one.
  const isPinned = /(?:@sha256:|:(?!latest$)[^/:]+$)/.test(image);
  return isPinned ? ok(image) : warn(`${image} has no fixed version`, fix);
}

async function lookAtLogs(settings: Settings, logGroupName: string) {
  const client = new CloudWatchLogsClient(settings);
  await translated(() => client.send(new DescribeLogStreamsCommand({ logGroupName, limit: 1 })));
  return ok(logGroupName);
}
