import { readTemplate } from './template.ts';

const template = await readTemplate();

/** The kinds that src/operations/doctor/names.ts looks for before a first deploy. */
const LOOKED_FOR = [
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::Dashboard',
  'AWS::CodeBuild::Project',
  'AWS::ECR::Repository',
  'AWS::ECS::Cluster',
  'AWS::ElasticLoadBalancingV2::LoadBalancer',
  'AWS::Events::EventBus',
  'AWS::Events::Rule',
  'AWS::IAM::Role',
  'AWS::KinesisFirehose::DeliveryStream',
  'AWS::Lambda::Function',
  'AWS::Logs::LogGroup',
  'AWS::SNS::Topic',
  'AWS::StepFunctions::StateMachine',
];

/** API Gateway lets any number have one name, since it knows them by ids; a domain is the user's. A firewall is there on request, with a name that says whose it is. */
const FREE = /^AWS::(?:ApiGateway|WAFv2)/;

const NAMES: Readonly<Record<string, string>> = {
  'AWS::CloudWatch::Alarm': 'AlarmName',
  'AWS::CloudWatch::Dashboard': 'DashboardName',
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::ECR::Repository': 'RepositoryName',
  'AWS::ECS::Cluster': 'ClusterName',
  'AWS::IAM::InstanceProfile': 'InstanceProfileName',
  'AWS::IAM::Role': 'RoleName',
  'AWS::KinesisFirehose::DeliveryStream': 'DeliveryStreamName',
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::S3::Bucket': 'BucketName',
  'AWS::SNS::Topic': 'TopicName',
  'AWS::SQS::Queue': 'QueueName',
  'AWS::StepFunctions::StateMachine': 'StateMachineName',
};

it('doctor looks for each kind of resource to which the template gives a name of its own', () => {
  const named = Object.values(template.Resources)
    .filter(({ Type, Properties }) => Properties?.[NAMES[Type] ?? 'Name'] !== undefined)
    .map(({ Type }) => Type)
    .filter((type) => !FREE.test(type));

  expect([...new Set(named)].toSorted()).toEqual(LOOKED_FOR);
});

it('doctor knows the names of which it looks for a few', () => {
  const names = (type: string) =>
    Object.values(template.Resources)
      .filter(({ Type }) => Type === type)
      .map(({ Properties }) => Properties[NAMES[type] ?? 'Name']);

  expect(names('AWS::ECR::Repository')).toEqual(['slipway-test', 'slipway-test-environments']);
  expect(names('AWS::SNS::Topic')).toEqual(['slipway-test-deployments', 'slipway-test-alarms']);
  expect(names('AWS::CodeBuild::Project')).toEqual([
    ...['slipway-test-image', 'slipway-test-own-image', 'slipway-test-environment'],
  ]);
  expect(names('AWS::StepFunctions::StateMachine')).toEqual(
    ['deploy', 'promote', 'rollback', 'undeploy'].map((name) => `slipway-test-${name}`),
  );
  expect(names('AWS::KinesisFirehose::DeliveryStream')).toEqual(['amazon-apigateway-slipway-test']);
});
