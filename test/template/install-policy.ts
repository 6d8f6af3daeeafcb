import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AWS_REGION } from '../support/aws/clients.ts';
import { STAGE } from './packaged.ts';
import { type Json, type Resource, readTemplate, type Template } from './template.ts';

/** A statement of the policy. `ACCOUNT` and `STAGE` in it stand for the installer's own. */
export type Granted = {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
};

const FILE = join(import.meta.dirname, '../../src/domain/data/install-policy.json');

const arn = (service: string, resource: string) => `arn:aws:${service}:*:ACCOUNT:${resource}`;
const iam = (resource: string) => `arn:aws:iam::ACCOUNT:${resource}`;
/** Resources that IAM knows by ids that AWS gives. */
const ANY: readonly string[] = ['*'];

type Kind = {
  readonly allow: readonly string[];
  readonly on: (name: string, resource: Resource) => readonly string[];
};

/** A service all of whose actions are allowed on the stage's own. */
const own = (service: string, on: Kind['on']): Kind => ({ allow: [`${service}:*`], on });
/** Actions of EC2: its resources have ids, and a stage's are known by nothing before they are there. */
const ec2 = (...names: readonly string[]): Kind => ({
  allow: names.map((name) => `ec2:${name}`),
  on: () => ANY,
});
const API: Kind = own('apigateway', () => ['arn:aws:apigateway:*::/*']);
const FUNCTION = own('lambda', () => [arn('lambda', 'function:slipway-STAGE-*')]);
// An association needs permission on the list and on the protected resource, and one of AWS's own rules is a managed one.
const FIREWALL = own('wafv2', (name) => [
  arn('wafv2', `regional/webacl/${name}/*`),
  'arn:aws:wafv2:*:*:regional/managedruleset/*',
  'arn:aws:apigateway:*::/*',
]);
const QUEUE = own('sqs', (name) => [arn('sqs', name)]);
const BUCKET = own('s3', (name) => [`arn:aws:s3:::${name}`]);
const BALANCER = own('elasticloadbalancing', () => [
  ...['loadbalancer', 'listener', 'listener-rule'].map((kind) =>
    arn('elasticloadbalancing', `${kind}/app/slipway-STAGE/*`),
  ),
  // Made for models, and removed by `slipway uninstall`.
  arn('elasticloadbalancing', 'targetgroup/slipway-STAGE-*'),
]);
const TAGS = ['CreateTags', 'DeleteTags'];

/** The permissions to make, change and delete a resource of each type. Sources: test/support/iam/handlers.json, and the page named at a row. */
const KINDS: Readonly<Record<string, Kind | null>> = {
  'AWS::ApiGateway::Authorizer': API,
  'AWS::ApiGateway::BasePathMapping': API,
  'AWS::ApiGateway::Deployment': API,
  'AWS::ApiGateway::DomainName': API,
  'AWS::ApiGateway::GatewayResponse': API,
  'AWS::ApiGateway::Method': API,
  'AWS::ApiGateway::Resource': API,
  'AWS::ApiGateway::RestApi': API,
  'AWS::ApiGateway::Stage': API,
  'AWS::ApiGateway::UsagePlan': API,
  'AWS::ApiGatewayV2::VpcLink': API,
  'AWS::Budgets::Budget': {
    allow: ['budgets:*'],
    on: () => ['arn:aws:budgets::ACCOUNT:budget/slipway-STAGE-*'],
  },
  'AWS::CloudTrail::Trail': own('cloudtrail', (name) => [arn('cloudtrail', `trail/${name}`)]),
  'AWS::CloudWatch::Alarm': own('cloudwatch', (name) => [arn('cloudwatch', `alarm:${name}`)]),
  'AWS::CloudWatch::Dashboard': own('cloudwatch', (name) => [
    `arn:aws:cloudwatch::ACCOUNT:dashboard/${name}`,
  ]),
  'AWS::CodeBuild::Project': own('codebuild', (name) => [arn('codebuild', `project/${name}`)]),
  'AWS::DynamoDB::Table': own('dynamodb', (name) => [arn('dynamodb', `table/${name}`)]),
  'AWS::EC2::InternetGateway': ec2('CreateInternetGateway', 'DeleteInternetGateway', ...TAGS),
  'AWS::EC2::Route': ec2('CreateRoute', 'DeleteRoute', 'ReplaceRoute'),
  'AWS::EC2::RouteTable': ec2('CreateRouteTable', 'DeleteRouteTable', ...TAGS),
  'AWS::EC2::SecurityGroup': ec2(
    ...['CreateSecurityGroup', 'DeleteSecurityGroup', ...TAGS],
    ...['AuthorizeSecurityGroup*', 'RevokeSecurityGroup*'],
    'UpdateSecurityGroupRuleDescriptions*',
  ),
  'AWS::EC2::SecurityGroupIngress': ec2(
    ...['AuthorizeSecurityGroup*', 'RevokeSecurityGroup*'],
    'UpdateSecurityGroupRuleDescriptions*',
  ),
  'AWS::EC2::Subnet': ec2(
    ...['CreateSubnet', 'DeleteSubnet', 'ModifySubnetAttribute', ...TAGS],
    ...['AssociateSubnetCidrBlock', 'DisassociateSubnetCidrBlock'],
  ),
  'AWS::EC2::SubnetRouteTableAssociation': ec2(
    ...['AssociateRouteTable', 'DisassociateRouteTable', 'ReplaceRouteTableAssociation'],
  ),
  'AWS::EC2::VPC': ec2(
    ...['CreateVpc', 'DeleteVpc', 'ModifyVpcAttribute', 'ModifyVpcTenancy', ...TAGS],
    'CreateVpcEncryptionControl',
  ),
  // https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html: private DNS names need the hosted zone.
  'AWS::EC2::VPCEndpoint': {
    allow: [
      ...['Create', 'Delete', 'Modify'].map((verb) => `ec2:${verb}VpcEndpoint*`),
      'route53:AssociateVPCWithHostedZone',
    ],
    on: () => ANY,
  },
  'AWS::EC2::VPCGatewayAttachment': ec2('AttachInternetGateway', 'DetachInternetGateway'),
  'AWS::ECR::Repository': own('ecr', (name) => [arn('ecr', `repository/${name}`)]),
  // Others are made for models, with the services, tasks and hosts in them.
  'AWS::ECS::Cluster': own('ecs', (name) =>
    [`cluster/${name}`, `*/${name}/*`, `*/${name}-*`].map((each) => arn('ecs', each)),
  ),
  'AWS::ElasticLoadBalancingV2::Listener': BALANCER,
  'AWS::ElasticLoadBalancingV2::LoadBalancer': BALANCER,
  'AWS::Events::EventBus': own('events', (name) => [arn('events', `event-bus/${name}`)]),
  // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-manage-iam-access.html: the rule of a custom bus is named below it.
  'AWS::Events::Rule': own('events', (name, { Properties }) => [
    arn('events', Properties.EventBusName ? 'rule/slipway-STAGE/*' : `rule/${name}`),
  ]),
  'AWS::IAM::InstanceProfile': own('iam', (name) => [iam(`instance-profile/${name}`)]),
  'AWS::IAM::Role': own('iam', (name) => [iam(`role/${name}`)]),
  'AWS::KinesisFirehose::DeliveryStream': own('firehose', (name) => [
    arn('firehose', `deliverystream/${name}`),
  ]),
  // A key has an id that AWS gives; its own policy names who may use it and how, and nobody who installs may sign.
  'AWS::KMS::Key': {
    allow: [
      ...['CreateKey', 'DescribeKey', 'GetKeyPolicy', 'GetKeyRotationStatus', 'ListResourceTags'],
      ...['DisableKey', 'DisableKeyRotation', 'EnableKey', 'EnableKeyRotation', 'PutKeyPolicy'],
      ...['TagResource', 'UntagResource', 'UpdateKeyDescription', 'ScheduleKeyDeletion'],
    ].map((name) => `kms:${name}`),
    on: () => ANY,
  },
  'AWS::Lambda::EventInvokeConfig': FUNCTION,
  'AWS::Lambda::EventSourceMapping': own('lambda', () => [arn('lambda', 'event-source-mapping:*')]),
  'AWS::Lambda::Function': FUNCTION,
  'AWS::Lambda::Permission': FUNCTION,
  'AWS::Logs::LogGroup': own('logs', (name) => [arn('logs', `log-group:${name}`)]),
  // The actions for the log groups above.
  'AWS::Logs::MetricFilter': null,
  'AWS::S3::Bucket': BUCKET,
  'AWS::S3::BucketPolicy': BUCKET,
  'AWS::SNS::Topic': own('sns', (name) => [arn('sns', name)]),
  // The actions for the topics and queues above.
  'AWS::SNS::TopicPolicy': null,
  'AWS::SQS::Queue': QUEUE,
  'AWS::SQS::QueuePolicy': null,
  'AWS::StepFunctions::StateMachine': own('states', (name) => [
    arn('states', `stateMachine:${name}`),
    arn('states', `execution:${name}`),
  ]),
  'AWS::WAFv2::WebACL': FIREWALL,
  'AWS::WAFv2::WebACLAssociation': FIREWALL,
};

/** The permissions that belong to no resource of the template. */
const BESIDE: readonly Granted[] = [
  granted('Stack', ['cloudformation:*'], [arn('cloudformation', 'stack/slipway-STAGE/*')]),
  // Actions that IAM cannot limit to a resource, or not before it exists; and the reads of `slipway doctor`, `deploy` and `uninstall`.
  granted('Look', looks(), ANY),
  // Made for models, and removed by `slipway uninstall`.
  granted(
    'CaptureKeys',
    ['ssm:DeleteParameter', 'ssm:GetParametersByPath'],
    [arn('ssm', 'parameter/slipway/STAGE/*')],
  ),
  granted('Buckets', ['s3:*'], ['arn:aws:s3:::slipway-STAGE-*/*']),
  // Made beside the stack: the roles that AWS's services have once in an account.
  granted(
    'ServiceRoles',
    ['iam:CreateServiceLinkedRole', 'iam:GetRole'],
    [iam('role/aws-service-role/*')],
  ),
];

function looks(): readonly string[] {
  return [
    ...['ValidateTemplate', 'ListStacks'].map((name) => `cloudformation:${name}`),
    ...['apigateway:TagResource', 'apigateway:UntagResource'],
    ...[
      'application-autoscaling:*',
      'cloudtrail:DescribeTrails',
      'cloudwatch:DescribeAlarms',
      'cloudwatch:ListMetrics',
    ],
    ...['billing:GetBillingViewData', 'freetier:GetAccountPlanState'],
    ...['codebuild:ListProjects', 'dynamodb:ListTables', 'ecr:DescribeRepositories'],
    ...['ec2:Describe*', 'ec2:DeleteNetworkInterface'],
    ...['ecs:DeregisterTaskDefinition', 'ecs:DescribeTaskDefinition', 'ecs:List*'],
    ...['ecs:PutAccountSetting*', 'elasticloadbalancing:Describe*', 'events:List*'],
    ...['firehose:ListDeliveryStreams', 'iam:ListRoles', 'iam:SimulatePrincipalPolicy'],
    ...['lambda:*EventSourceMapping*', 'lambda:GetAccountSettings', 'lambda:ListFunctions'],
    ...['logs:*Deliver*', 'logs:*IndexPolic*', 'logs:*ResourcePolic*', 'logs:DescribeLogGroups'],
    ...[
      'acm:DescribeCertificate',
      'pricing:GetProducts',
      's3:ListAllMyBuckets',
      'servicequotas:*ServiceQuota*',
    ],
    ...['sns:ListTopics', 'sns:Unsubscribe', 'sqs:ListQueues', 'states:ListStateMachines'],
  ];
}

/** The policy of the person who installs, updates and removes the template's stack. Throws for a resource of a type that it does not know. */
export function installPolicy({ Resources }: Template): readonly Granted[] {
  const made = Object.entries(Resources).flatMap(([id, resource]) => {
    const kind = KINDS[resource.Type];
    if (kind === undefined) throw new Error(`${id}: ${resource.Type} has no row in KINDS`);
    return kind ? { allow: kind.allow, on: kind.on(patternOf(id, resource), resource) } : [];
  });
  const allowed = (rows: typeof made) => rows.flatMap(({ allow }) => allow);
  const anywhere = made.filter(({ on }) => on === ANY);
  const here = made.filter(({ on }) => on !== ANY);
  return [
    // One statement for all grants the same as one for each, since a service's actions work only on its own resources.
    granted('Own', allowed(here), fewest(here.flatMap(({ on }) => on))),
    granted('Network', allowed(anywhere), ANY),
    ...BESIDE,
  ];
}

/** The ARNs without those that another one covers. */
function fewest(arns: readonly string[]): readonly string[] {
  const covers = (wide: string, one: string) =>
    wide !== one && wide.endsWith('*') && one.startsWith(wide.slice(0, -1));
  return [...new Set(arns)].filter((one) => !arns.some((wide) => covers(wide, one))).toSorted();
}

function granted(Sid: string, Action: readonly string[], Resource: readonly string[]): Granted {
  return { Sid, Effect: 'Allow', Action: [...new Set(Action)].toSorted(), Resource };
}

const NAMES = /^(?:.*Name)$/;

/** The resource's name as a pattern for any stage: a name that begins with the stack's may end in anything, since CloudFormation names unnamed resources that way. */
function patternOf(id: string, resource: Resource): string {
  return nameOf(id, resource)
    .replace(new RegExp(`slipway-${STAGE}-.*$`), 'slipway-STAGE-*')
    .replace(new RegExp(`slipway-${STAGE}$`), 'slipway-STAGE')
    .replace(new RegExp(`slipway/${STAGE}/.*$`), 'slipway/STAGE/*');
}

/** The name in an account, without CloudFormation's addition at the end. */
export function nameOf(
  id: string,
  { Type, Properties = {} }: Pick<Resource, 'Type' | 'Properties'>,
): string {
  const last = Type.split('::').at(-1);
  const keys = [`${last}Name`, 'Name', ...Object.keys(Properties).filter((key) => NAMES.test(key))];
  const key = keys.find((each) => isNameOf(Type, each) && Properties[each] !== undefined);
  const given: Json = key === undefined ? undefined : Properties[key];
  const text = given?.['Fn::Sub'] ?? given;
  if (typeof text === 'string') return text.replaceAll(/\$\{AWS::Region\}/g, AWS_REGION);
  const name = `slipway-${STAGE}-${id}`;
  return Type === 'AWS::S3::Bucket' ? name.toLowerCase() : name;
}

// Names of others, as the function of an event source.
function isNameOf(type: string, key: string): boolean {
  const others: Readonly<Record<string, readonly string[]>> = {
    FunctionName: ['AWS::Lambda::Function'],
    LogGroupName: ['AWS::Logs::LogGroup'],
  };
  return key !== 'EventBusName' && (others[key]?.includes(type) ?? true);
}

/** The text of the file that the command line prints from. */
export async function installPolicyText(): Promise<string> {
  const Statement = installPolicy(await readTemplate());
  return `${JSON.stringify({ Version: '2012-10-17', Statement }, null, 2)}\n`;
}

if (import.meta.main) await writeFile(FILE, await installPolicyText());
