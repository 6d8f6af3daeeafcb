import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  ListDashboardsCommand,
} from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { BatchGetProjectsCommand, CodeBuildClient } from '@aws-sdk/client-codebuild';
import { DescribeRepositoriesCommand, ECRClient } from '@aws-sdk/client-ecr';
import { DescribeClustersCommand, ECSClient } from '@aws-sdk/client-ecs';
import {
  DescribeLoadBalancersCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  DescribeEventBusCommand,
  EventBridgeClient,
  ListRulesCommand,
} from '@aws-sdk/client-eventbridge';
import { DescribeDeliveryStreamCommand, FirehoseClient } from '@aws-sdk/client-firehose';
import { GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { LambdaClient, paginateListFunctions } from '@aws-sdk/client-lambda';
import { paginateListStateMachines, SFNClient } from '@aws-sdk/client-sfn';
import { paginateListTopics, SNSClient } from '@aws-sdk/client-sns';
import { translated } from '#adapters/aws/failures.ts';
import { failureName } from '#domain/failure.ts';
import { type AwsAccount, clientSettings, DENIED_FIX } from '#operations/account/clients.ts';
import { fail, ok, warn } from './doctor.ts';
import { isUnusable } from './services.ts';

type Settings = ReturnType<typeof clientSettings>;

/** The services' own errors for a name that does not exist. */
const ABSENT = new Set([
  'LoadBalancerNotFoundException',
  'NoSuchEntityException',
  'RepositoryNotFoundException',
  'ResourceNotFoundException',
]);

/**
 * Whether a name that the template uses is already taken: CloudFormation would fail to create it, late, and roll everything back.
 * It is for a stage without a stack. The names are the template's: test/template/fixed-names.test.ts.
 */
export async function lookAtNames(account: AwsAccount, hasContainers: boolean) {
  const settings = clientSettings(account);
  const stack = `slipway-${account.stage}`;
  const looks = [
    repositories(settings, stack),
    bus(settings, stack),
    projects(settings, stack),
    machines(settings, stack),
    functions(settings, stack),
    logGroups(settings, stack),
    stream(settings, stack),
    alarms(settings, stack),
    dashboard(settings, stack),
    rules(settings, stack),
    topics(settings, stack),
    ...(hasContainers
      ? [cluster(settings, stack), balancer(settings, stack), hostRole(settings, stack)]
      : []),
  ];
  const found: string[] = [];
  try {
    const each = looks.map((look) => translated(() => look.catch(unlessAbsent)));
    found.push(...(await Promise.all(each)).flat());
  } catch (error) {
    // It stops no deploy, since a missing read permission does not imply a missing write permission.
    if (!(error instanceof Error) || failureName(error) !== 'PlatformDenied') throw error;
    return warn(
      `not all that may have a name of the stack can be seen: ${error.message}`,
      DENIED_FIX,
    );
  }
  if (found.length === 0) return ok('none that the stack needs is taken');
  return fail(
    `there is already ${found.join(', ')}, and the stack would make its own of that name`,
    `Deploy another stage, or remove these first: \`slipway uninstall --stage ${account.stage}\` does where an earlier Slipway left them, as long as AWS remembers its stack (90 days).`,
  );
}

function unlessAbsent(error: unknown): readonly string[] {
  if (error instanceof Error && (ABSENT.has(error.name) || isUnusable(error))) return [];
  throw error;
}

async function repositories(settings: Settings, stack: string): Promise<readonly string[]> {
  const client = new ECRClient(settings);
  const found = await Promise.all(
    [stack, `${stack}-environments`].map((name) =>
      client
        .send(new DescribeRepositoriesCommand({ repositoryNames: [name] }))
        .then(() => [`the repository ${name}`], unlessAbsent),
    ),
  );
  return found.flat();
}

async function bus(settings: Settings, stack: string): Promise<readonly string[]> {
  await new EventBridgeClient(settings).send(new DescribeEventBusCommand({ Name: stack }));
  return [`the event bus ${stack}`];
}

async function projects(settings: Settings, stack: string): Promise<readonly string[]> {
  const names = ['image', 'own-image', 'environment'].map((name) => `${stack}-${name}`);
  const { projects: found = [] } = await new CodeBuildClient(settings).send(
    new BatchGetProjectsCommand({ names }),
  );
  return found.map(({ name }) => `the CodeBuild project ${name}`);
}

async function machines(settings: Settings, stack: string): Promise<readonly string[]> {
  const own = ['deploy', 'promote', 'rollback', 'undeploy'].map((name) => `${stack}-${name}`);
  const found: string[] = [];
  const client = new SFNClient(settings);
  for await (const { stateMachines = [] } of paginateListStateMachines({ client }, {})) {
    found.push(...stateMachines.flatMap(({ name }) => (name && own.includes(name) ? name : [])));
  }
  return found.map((name) => `the state machine ${name}`);
}

/** No template creates models' functions, so they do not block a deploy. */
async function functions(settings: Settings, stack: string): Promise<readonly string[]> {
  const found: string[] = [];
  const client = new LambdaClient(settings);
  for await (const { Functions = [] } of paginateListFunctions({ client }, {})) {
    found.push(...Functions.flatMap(({ FunctionName }) => FunctionName ?? []));
  }
  const own = found.filter(
    (name) => name.startsWith(`${stack}-`) && !name.startsWith(`${stack}-m-`),
  );
  return own.map((name) => `the function ${name}`);
}

async function logGroups(settings: Settings, stack: string): Promise<readonly string[]> {
  const client = new CloudWatchLogsClient(settings);
  const stage = stack.slice('slipway-'.length);
  const prefixes = [
    `/slipway/${stage}/`,
    `/aws/lambda/${stack}-`,
    `/aws/vendedlogs/states/${stack}-`,
  ];
  const found = await Promise.all(
    prefixes.map(async (logGroupNamePrefix) => {
      const { logGroups: groups = [] } = await client.send(
        new DescribeLogGroupsCommand({ logGroupNamePrefix, limit: 50 }),
      );
      return groups.flatMap(({ logGroupName }) => logGroupName ?? []);
    }),
  );
  return found.flat().map((name) => `the log group ${name}`);
}

async function stream(settings: Settings, stack: string): Promise<readonly string[]> {
  const name = `amazon-apigateway-${stack}`;
  await new FirehoseClient(settings).send(
    new DescribeDeliveryStreamCommand({ DeliveryStreamName: name }),
  );
  return [`the delivery stream ${name}`];
}

async function alarms(settings: Settings, stack: string): Promise<readonly string[]> {
  const { MetricAlarms = [] } = await new CloudWatchClient(settings).send(
    new DescribeAlarmsCommand({ AlarmNamePrefix: `${stack}-`, AlarmTypes: ['MetricAlarm'] }),
  );
  return MetricAlarms.map(({ AlarmName }) => `the alarm ${AlarmName}`);
}

async function dashboard(settings: Settings, stack: string): Promise<readonly string[]> {
  const { DashboardEntries = [] } = await new CloudWatchClient(settings).send(
    new ListDashboardsCommand({ DashboardNamePrefix: stack }),
  );
  const isThere = DashboardEntries.some(({ DashboardName }) => DashboardName === stack);
  return isThere ? [`the dashboard ${stack}`] : [];
}

/** The rules of the default bus; the others are deleted with the stage's own bus. */
async function rules(settings: Settings, stack: string): Promise<readonly string[]> {
  const { Rules = [] } = await new EventBridgeClient(settings).send(
    new ListRulesCommand({ NamePrefix: `${stack}-` }),
  );
  return Rules.map(({ Name }) => `the rule ${Name}`);
}

async function topics(settings: Settings, stack: string): Promise<readonly string[]> {
  const found: string[] = [];
  const client = new SNSClient(settings);
  for await (const { Topics = [] } of paginateListTopics({ client }, {})) {
    found.push(...Topics.flatMap(({ TopicArn }) => TopicArn?.split(':').at(-1) ?? []));
  }
  const own = ['deployments', 'alarms'].map((name) => `${stack}-${name}`);
  return found.filter((name) => own.includes(name)).map((name) => `the topic ${name}`);
}

async function cluster(settings: Settings, stack: string): Promise<readonly string[]> {
  const { clusters = [] } = await new ECSClient(settings).send(
    new DescribeClustersCommand({ clusters: [stack] }),
  );
  // A deleted cluster is described for a while.
  const isThere = clusters.some(({ status }) => status === 'ACTIVE');
  return isThere ? [`the cluster ${stack}`] : [];
}

async function balancer(settings: Settings, stack: string): Promise<readonly string[]> {
  const { LoadBalancers = [] } = await new ElasticLoadBalancingV2Client(settings).send(
    new DescribeLoadBalancersCommand({ Names: [stack] }),
  );
  return LoadBalancers.map(() => `the load balancer ${stack}`);
}

async function hostRole(settings: Settings, stack: string): Promise<readonly string[]> {
  const iam = new IAMClient(settings);
  const region = await new ECSClient(settings).config.region();
  const RoleName = `ecsInstanceRole-${stack}-${region}`;
  await iam.send(new GetRoleCommand({ RoleName }));
  return [`the role ${RoleName}`];
}
