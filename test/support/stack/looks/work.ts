import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  GetDashboardCommand,
} from '@aws-sdk/client-cloudwatch';
import {
  DescribeEventBusCommand,
  DescribeRuleCommand,
  EventBridgeClient,
  ListTargetsByRuleCommand,
} from '@aws-sdk/client-eventbridge';
import {
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
} from '@aws-sdk/client-iam';
import {
  GetEventSourceMappingCommand,
  GetFunctionConfigurationCommand,
  GetFunctionEventInvokeConfigCommand,
  GetPolicyCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda';
import { DescribeStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import { GetTopicAttributesCommand, SNSClient } from '@aws-sdk/client-sns';
import type { Json } from '../../../template/template.ts';
import { awsClient } from '../../aws/clients.ts';
import { ask, capital, type Look, part } from '../parts.ts';

const lambdaFunction: Look = async ({ properties: { FunctionName, Code } }, aws) => {
  const find = new GetFunctionConfigurationCommand({ FunctionName });
  const { CodeSize = 0, Environment, ...found } = await awsClient(LambdaClient, aws).send(find);
  return { ...found, ...Environment?.Variables, Code: CodeSize > 0 ? Code : undefined };
};

const invokeConfig: Look = async ({ properties: { FunctionName, Qualifier } }, aws) => {
  const find = new GetFunctionEventInvokeConfigCommand({ FunctionName, Qualifier });
  const { DestinationConfig, ...found } = await awsClient(LambdaClient, aws).send(find);
  const { OnFailure } = DestinationConfig ?? {};
  return { ...found, FunctionName, Qualifier, DestinationConfig: { OnFailure } };
};

const sourceMapping: Look = async ({ id: UUID }, aws) => {
  const client = awsClient(LambdaClient, aws);
  const found = await client.send(new GetEventSourceMappingCommand({ UUID }));
  const { FunctionArn, State, DestinationConfig } = found;
  return {
    ...found,
    FunctionName: FunctionArn,
    Enabled: State === 'Enabled',
    DestinationConfig: { OnFailure: DestinationConfig?.OnFailure },
  };
};

/** The statement of the function's policy that is this permission. */
const permission: Look = async ({ properties: { FunctionName, Principal } }, aws) => {
  const { Policy = '' } = await awsClient(LambdaClient, aws).send(
    new GetPolicyCommand({ FunctionName }),
  );
  const statement = JSON.parse(Policy).Statement.find(
    (each: Json) => (each.Principal.Service ?? each.Principal) === Principal,
  );
  const { Action, Condition: { ArnLike = {} } = {} } = statement ?? {};
  const SourceArn = ArnLike['AWS:SourceArn'] ?? ArnLike['aws:SourceArn'];
  return { Action, FunctionName, Principal: statement && Principal, SourceArn };
};

const queue: Look = async ({ id: QueueUrl }, aws) => {
  const { Attributes } = await attributes(aws, QueueUrl);
  return {
    MessageRetentionPeriod: Number(Attributes.MessageRetentionPeriod),
    SqsManagedSseEnabled: String(Attributes.SqsManagedSseEnabled) === 'true',
  };
};

const queuePolicy: Look = async ({ properties: { Queues } }, aws) => {
  const policies = await Promise.all(
    Queues.map(async (url: string) => (await attributes(aws, url)).Attributes.Policy),
  );
  const [first] = policies;
  const isSame = policies.every((each) => each === first);
  return first && { Queues: isSame ? Queues : [], PolicyDocument: JSON.parse(first) };
};

function attributes(aws: Parameters<Look>[1], QueueUrl: string): Promise<Json> {
  const input = { QueueUrl, AttributeNames: ['All'] };
  return ask(aws, { service: 'sqs', target: 'AmazonSQS.GetQueueAttributes', input });
}

const eventBus: Look = async ({ properties: { Name } }, aws) =>
  awsClient(EventBridgeClient, aws).send(new DescribeEventBusCommand({ Name }));

const rule: Look = async ({ properties: { Name, EventBusName } }, aws) => {
  const client = awsClient(EventBridgeClient, aws);
  const found = await client.send(new DescribeRuleCommand({ Name, EventBusName }));
  const { Targets } = await client.send(new ListTargetsByRuleCommand({ Rule: Name, EventBusName }));
  return { ...found, EventPattern: found.EventPattern && JSON.parse(found.EventPattern), Targets };
};

const topic: Look = async ({ id: TopicArn }, aws) => {
  const { Attributes } = await awsClient(SNSClient, aws).send(
    new GetTopicAttributesCommand({ TopicArn }),
  );
  return { TopicName: TopicArn.split(':').at(-1), DisplayName: Attributes?.['DisplayName'] };
};

const topicPolicy: Look = async ({ properties: { Topics } }, aws) => {
  const [TopicArn] = Topics;
  const { Attributes } = await awsClient(SNSClient, aws).send(
    new GetTopicAttributesCommand({ TopicArn }),
  );
  return { Topics, PolicyDocument: document(Attributes?.['Policy']) };
};

const stateMachine: Look = async ({ id: stateMachineArn }, aws) => {
  const find = new DescribeStateMachineCommand({ stateMachineArn });
  const found = await awsClient(SFNClient, aws).send(find);
  const { loggingConfiguration: log } = found;
  return {
    StateMachineName: found.name,
    StateMachineType: found.type,
    RoleArn: found.roleArn,
    Definition: JSON.parse(found.definition ?? ''),
    LoggingConfiguration: {
      Level: log?.level,
      IncludeExecutionData: log?.includeExecutionData,
      Destinations: log?.destinations?.map(({ cloudWatchLogsLogGroup }) => ({
        CloudWatchLogsLogGroup: { LogGroupArn: cloudWatchLogsLogGroup?.logGroupArn },
      })),
    },
  };
};

const role: Look = async ({ id: RoleName, properties: { Policies = [] } }, aws) => {
  const client = awsClient(IAMClient, aws);
  const { Role } = await client.send(new GetRoleCommand({ RoleName }));
  const policy = async ({ PolicyName }: Json) => {
    const found = await client.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
    return { PolicyName, PolicyDocument: document(found.PolicyDocument) };
  };
  return {
    RoleName: Role?.RoleName,
    AssumeRolePolicyDocument: document(Role?.AssumeRolePolicyDocument),
    ManagedPolicyArns: await part(async () => {
      const find = new ListAttachedRolePoliciesCommand({ RoleName });
      const { AttachedPolicies = [] } = await client.send(find);
      return AttachedPolicies.map(({ PolicyArn }) => PolicyArn);
    }),
    Policies: await part(() => Promise.all(Policies.map(policy))),
  };
};

function document(text = '{}'): Json {
  return JSON.parse(decodeURIComponent(text));
}

const project: Look = async ({ properties: { Name } }, aws) => {
  const target = 'CodeBuild_20161006.BatchGetProjects';
  const answer = await ask(aws, { service: 'codebuild', target, input: { names: [Name] } });
  const [found] = answer.projects;
  const told = capital(found);
  return { ...told, Source: { ...told.Source, BuildSpec: told.Source?.Buildspec } };
};

const alarm: Look = async ({ properties: { AlarmName } }, aws) => {
  const find = new DescribeAlarmsCommand({ AlarmNames: [AlarmName] });
  const { MetricAlarms: [found] = [] } = await awsClient(CloudWatchClient, aws).send(find);
  return found;
};

const dashboard: Look = async ({ properties: { DashboardName } }, aws) => {
  const client = awsClient(CloudWatchClient, aws);
  const found = await client.send(new GetDashboardCommand({ DashboardName }));
  return { DashboardName: found.DashboardName, DashboardBody: found.DashboardBody };
};

export const workLooks: Readonly<Record<string, Look>> = {
  'AWS::Lambda::Function': lambdaFunction,
  'AWS::Lambda::EventInvokeConfig': invokeConfig,
  'AWS::Lambda::EventSourceMapping': sourceMapping,
  'AWS::Lambda::Permission': permission,
  'AWS::SQS::Queue': queue,
  'AWS::SQS::QueuePolicy': queuePolicy,
  'AWS::Events::EventBus': eventBus,
  'AWS::Events::Rule': rule,
  'AWS::SNS::Topic': topic,
  'AWS::SNS::TopicPolicy': topicPolicy,
  'AWS::StepFunctions::StateMachine': stateMachine,
  'AWS::IAM::Role': role,
  'AWS::CodeBuild::Project': project,
  'AWS::CloudWatch::Alarm': alarm,
  'AWS::CloudWatch::Dashboard': dashboard,
};
