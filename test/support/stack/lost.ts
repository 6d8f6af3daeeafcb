/** The parts of the template that a witness does not show, by type, type and property, or resource and property, and why. */
export type Lost = Readonly<Record<string, string>>;

const NO_TYPE = 'no such type in its CloudFormation';
const DROPPED = 'its CloudFormation drops it';

/** moto 5.2.5 */
export const LOST_IN_MOTO: Lost = {
  'ApiGateway::Authorizer': NO_TYPE,
  'ApiGateway::GatewayResponse': NO_TYPE,
  'ApiGateway::Method.Integration': 'of a mock it keeps the type alone',
  'ApiGateway::Method.MethodResponses': DROPPED,
  'ApiGateway::Method.RequestParameters': DROPPED,
  'ApiGateway::RestApi.ApiKeySourceType': DROPPED,
  'ApiGateway::RestApi.BinaryMediaTypes': DROPPED,
  'ApiGateway::RestApi.EndpointConfiguration': DROPPED,
  'ApiGateway::Stage.AccessLogSetting': DROPPED,
  'ApiGateway::UsagePlan': NO_TYPE,
  'ApiGatewayV2::VpcLink': NO_TYPE,
  'AuthorizerPermission.SourceArn': 'without an authorizer there is nothing to name',
  'CloudWatch::Alarm': NO_TYPE,
  'CloudWatch::Dashboard.DashboardBody': 'without a project there is nothing to name',
  'CodeBuild::Project': NO_TYPE,
  'ContainerNetwork.EnableDnsHostnames': DROPPED,
  'DynamoDB::Table.DeletionProtectionEnabled': DROPPED,
  'DynamoDB::Table.PointInTimeRecoverySpecification': DROPPED,
  'DynamoDB::Table.TimeToLiveSpecification': DROPPED,
  'EC2::InternetGateway.Tags': DROPPED,
  'EC2::RouteTable.Tags': DROPPED,
  'EC2::SecurityGroup.SecurityGroupEgress': 'its rule that allows all is not replaced',
  'EC2::SecurityGroupIngress.Description': DROPPED,
  'EC2::Subnet.AvailabilityZoneId': 'its subnets are where it puts them',
  'EC2::SubnetRouteTableAssociation': DROPPED,
  'ECR::Repository.ImageScanningConfiguration': DROPPED,
  'ECR::Repository.LifecyclePolicy': DROPPED,
  'ECR::Repository.RepositoryPolicyText': DROPPED,
  'ECS::Cluster.CapacityProviders': DROPPED,
  'ElasticLoadBalancingV2::LoadBalancer.LoadBalancerAttributes': DROPPED,
  'IAM::Role.ManagedPolicyArns': DROPPED,
  'IAM::Role.Policies': 'it keeps a policy as a text that is no JSON',
  'KinesisFirehose::DeliveryStream': NO_TYPE,
  'Lambda::EventInvokeConfig': NO_TYPE,
  'Lambda::Function.Architectures': 'all of its functions are x86_64',
  'Lambda::Function.SLIPWAY_ACCESS_LOG': 'a variable whose resource it does not make',
  'Lambda::Function.SLIPWAY_API_STAGE': 'a variable whose resource it does not make',
  'Lambda::Function.SLIPWAY_API_URL': 'a variable whose resource it does not make',
  'Lambda::Function.SLIPWAY_AUTHORIZER': 'a variable whose resource it does not make',
  'Lambda::Function.SLIPWAY_VPC_LINK': 'a variable whose resource it does not make',
  'Lambda::Function.TracingConfig': DROPPED,
  'ModelNetwork.EnableDnsSupport': DROPPED,
  'S3::Bucket.LifecycleConfiguration': DROPPED,
  'S3::Bucket.NotificationConfiguration': DROPPED,
  'S3::Bucket.OwnershipControls': DROPPED,
  'S3::Bucket.PublicAccessBlockConfiguration': DROPPED,
  'S3::Bucket.VersioningConfiguration': DROPPED,
  'S3::BucketPolicy': NO_TYPE,
  'SNS::TopicPolicy.PolicyDocument': NO_TYPE,
  'SQS::QueuePolicy': NO_TYPE,
  'StepFunctions::StateMachine.Definition': 'it is kept without its substitutions',
  'StepFunctions::StateMachine.LoggingConfiguration': DROPPED,
  'StepFunctions::StateMachine.TracingConfiguration': DROPPED,
  'Logs::MetricFilter': NO_TYPE,
};

/** It refuses a template that has them, so it gets one without. */
export const UNKNOWN_TO_MINISTACK = [
  'AWS::ApiGatewayV2::VpcLink',
  'AWS::EC2::SecurityGroupIngress',
  'AWS::Budgets::Budget',
];

const NO_EXPRESSION = 'it knows no alarm over an expression, so it gets a template without';

/** ministack 1.5.33 */
export const LOST_IN_MINISTACK: Lost = {
  'ApiGateway::Method.Integration': 'it keeps all but ContentHandling',
  'ApiGateway::RestApi.ApiKeySourceType': DROPPED,
  'ApiGateway::RestApi.EndpointConfiguration': DROPPED,
  'ApiGateway::Stage.AccessLogSetting': DROPPED,
  'ApiGatewayV2::VpcLink': NO_TYPE,
  'CloudWatch::Alarm.EvaluateLowSampleCountPercentile': DROPPED,
  'CloudWatch::Alarm.Metrics': NO_EXPRESSION,
  'CodeBuild::Project.LogsConfig': DROPPED,
  'CodeBuild::Project.QueuedTimeoutInMinutes': DROPPED,
  'DynamoDB::Table.DeletionProtectionEnabled': DROPPED,
  'DynamoDB::Table.PointInTimeRecoverySpecification': DROPPED,
  'DynamoDB::Table.TimeToLiveSpecification': DROPPED,
  'EC2::SecurityGroupIngress': NO_TYPE,
  'Lambda::Function.SLIPWAY_VPC_LINK': 'a variable whose resource it does not make',
  'S3::Bucket.LifecycleConfiguration': DROPPED,
  'StepFunctions::StateMachine.LoggingConfiguration': DROPPED,
  'StepFunctions::StateMachine.TracingConfiguration': DROPPED,
  'TargetsUnhealthyAlarm.AlarmActions': NO_EXPRESSION,
  'TargetsUnhealthyAlarm.AlarmDescription': NO_EXPRESSION,
  'TargetsUnhealthyAlarm.AlarmName': NO_EXPRESSION,
  'TargetsUnhealthyAlarm.ComparisonOperator': NO_EXPRESSION,
  'TargetsUnhealthyAlarm.EvaluationPeriods': NO_EXPRESSION,
  'TargetsUnhealthyAlarm.Threshold': NO_EXPRESSION,
  'TargetsUnhealthyAlarm.TreatMissingData': NO_EXPRESSION,
};

const SCHEMA = 'CloudFormation’s schema, by cfn-lint in .ci/template';

/** The parts that neither witness shows, and the check that holds them instead. */
export const HELD_ELSEWHERE: Lost = {
  'ApiGateway::Method.Integration': SCHEMA,
  'ApiGateway::RestApi.ApiKeySourceType': `${SCHEMA}, and test/template/api.test.ts`,
  'ApiGateway::RestApi.EndpointConfiguration': SCHEMA,
  'ApiGateway::Stage.AccessLogSetting': `${SCHEMA}, and test/template/api.test.ts`,
  'ApiGatewayV2::VpcLink': `${SCHEMA}, and test/template/network.test.ts`,
  'CloudWatch::Alarm.EvaluateLowSampleCountPercentile': SCHEMA,
  'CloudWatch::Alarm.Metrics': `${SCHEMA}, and test/template/alarms.test.ts`,
  'CodeBuild::Project.LogsConfig': SCHEMA,
  'CodeBuild::Project.QueuedTimeoutInMinutes': `${SCHEMA}, and test/template/workflow.test.ts`,
  'DynamoDB::Table.DeletionProtectionEnabled': `${SCHEMA}, and test/template/storage.test.ts`,
  'DynamoDB::Table.PointInTimeRecoverySpecification': `${SCHEMA}, and test/template/storage.test.ts`,
  'DynamoDB::Table.TimeToLiveSpecification': `${SCHEMA}, and test/template/storage.test.ts`,
  'EC2::SecurityGroupIngress.Description': SCHEMA,
  'Lambda::Function.SLIPWAY_VPC_LINK': 'test/template/functions.test.ts',
  'S3::Bucket.LifecycleConfiguration': `${SCHEMA}, and test/template/storage.test.ts`,
  'StepFunctions::StateMachine.LoggingConfiguration': `${SCHEMA}, and test/template/workflow.test.ts`,
  'StepFunctions::StateMachine.TracingConfiguration': SCHEMA,
};

/** A property is lost too where its whole type is. */
export function lostInBoth(): readonly string[] {
  const isLost = (lost: Lost, name: string) => name in lost || String(name.split('.')[0]) in lost;
  const all = [...Object.keys(LOST_IN_MOTO), ...Object.keys(LOST_IN_MINISTACK)];
  const both = all.filter((name) => isLost(LOST_IN_MOTO, name) && isLost(LOST_IN_MINISTACK, name));
  return [...new Set(both)].sort();
}

export function printLost(witness: string, lost: Lost): void {
  const lines = Object.entries(lost).map(
    ([name, why]) => `${witness} does not show ${name}: ${why}\n`,
  );
  process.stdout.write(lines.join(''));
}
