import { nameOf } from '../../template/install-policy.ts';
import type { Resource, Template } from '../../template/template.ts';
import { AWS_ACCOUNT, AWS_REGION } from '../aws/clients.ts';
import handlers from './handlers.json' with { type: 'json' };
import { arn, type Permission, permission } from './permission.ts';
import type { IamSimulator } from './simulator.ts';

/** A permission that CloudFormation needs from the person who makes, reads, changes or deletes a resource of the template. */
export type Asked = Permission & { readonly by: string };

const SCHEMAS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  ...handlers.types,
  // Its schema names no handlers. https://docs.aws.amazon.com/codebuild/latest/userguide/auth-and-access-control-permissions-reference.html
  'AWS::CodeBuild::Project': {
    create: ['codebuild:CreateProject', 'iam:PassRole'],
    read: ['codebuild:BatchGetProjects'],
    update: ['codebuild:UpdateProject', 'iam:PassRole'],
    delete: ['codebuild:DeleteProject'],
  },
  // The schema of aws-cloudformation-resource-providers-kms, as LocalEmu 1.3.2 packages it (services/kms/resource_providers): cfn-lint keeps no handlers of it.
  'AWS::KMS::Key': {
    create: ['kms:CreateKey', 'kms:EnableKeyRotation', 'kms:DisableKey', 'kms:TagResource'],
    read: [
      ...['kms:DescribeKey', 'kms:GetKeyPolicy', 'kms:GetKeyRotationStatus'],
      'kms:ListResourceTags',
    ],
    update: [
      ...['kms:DescribeKey', 'kms:DisableKey', 'kms:DisableKeyRotation', 'kms:EnableKey'],
      ...['kms:EnableKeyRotation', 'kms:PutKeyPolicy', 'kms:TagResource', 'kms:UntagResource'],
      'kms:UpdateKeyDescription',
    ],
    delete: ['kms:DescribeKey', 'kms:ScheduleKeyDeletion'],
  },
};

/** Permissions that CloudFormation's call needs although the schemas do not list them. */
const UNLISTED: Readonly<Record<string, readonly string[]>> = {
  // https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
  'AWS::EC2::VPCEndpoint': ['route53:AssociateVPCWithHostedZone'],
};

/** Permissions that a handler lists for properties that the template does not set, or for calls that it never makes; by type and action. */
const NOT_ASKED: readonly (readonly [RegExp, string])[] = [
  [
    /^(?!AWS::KMS::Key ).* (?:kms|kinesis|cognito-idp|vpc-lattice|vpce|elasticfilesystem|s3files|s3tables):/,
    'a key, a stream, a user pool, a lattice, another region, a file system, a table bucket of one’s own: the template has none',
  ],
  [
    /^AWS::DynamoDB::Table (?:(?:logs|s3|iam):|dynamodb:DescribeImport)/,
    'an import from S3, a replica',
  ],
  [
    /^AWS::Lambda::Function lambda:(?:GetCodeSigningConfig|GetLayerVersion|PassCapacityProvider)/,
    'signed code, layers, capacity of one’s own',
  ],
  [
    /^AWS::WAFv2::WebACLAssociation (?:amplify|apprunner|appsync|bedrock-agentcore|ec2|elasticloadbalancing):/,
    'a list before anything but the API',
  ],
  [
    /^AWS::WAFv2::WebACLAssociation wafv2:(?:Get|Put)PermissionPolicy/,
    'groups of rules that others share',
  ],
  [/^AWS::WAFv2::WebACL payments:/, 'rules that others sell'],
  [
    /^AWS::CloudTrail::Trail (?:organizations:|iam:|CloudTrail:PutInsightSelectors|CloudTrail:PutEventConfiguration)/,
    'a trail of an organization, a log group, insights',
  ],
  [/^AWS::Events::EventBus events:(?:Put|Remove)Permission/, 'a policy of the bus'],
  [/^AWS::StepFunctions::StateMachine s3:/, 'a definition in S3'],
  [
    /^AWS::ApiGateway::RestApi (?:s3:GetObject|iam:PassRole)/,
    'a definition in S3, and credentials in it',
  ],
  [
    /^AWS::ApiGateway::(?:Authorizer|Method) iam:PassRole/,
    'credentials: the resource policy of the function is what allows',
  ],
  [/^AWS::S3::Bucket iam:PassRole/, 'replication'],
  [/^AWS::SNS::Topic iam:/, 'a role for the log of deliveries'],
  [/^AWS::Logs::LogGroup (?:firehose:|s3:REST)/, 'a group of the class DELIVERY'],
  [
    /^AWS::ApiGatewayV2::VpcLink iam:(?:DeleteServiceLinkedRole|GetServiceLinkedRoleDeletionStatus)/,
    'listed for every handler, reading too: the role of API Gateway is the account’s, and no link’s removal takes it',
  ],
  [
    /^AWS::ElasticLoadBalancingV2::LoadBalancer .*:(?:ModifyCapacityReservation|DescribeCapacityReservation|ModifyIpPools)$/,
    'reserved capacity, pools of addresses',
  ],
  [/^AWS::EC2::VPCGatewayAttachment .*VpnGateway/, 'a VPN'],
];

/** Every permission that each handler of each resource needs, on that resource, each once. Some schemas list actions that IAM does not know; those are left out. */
export async function installerAsks(
  { Resources }: Template,
  simulator: IamSimulator,
): Promise<readonly Asked[]> {
  const each = Object.entries(Resources).map(async ([id, resource]) => {
    const { Type } = resource;
    const listed = SCHEMAS[Type];
    if (!listed) throw new Error(`handlers.json has nothing of ${Type}`);
    const named = Object.entries({
      ...listed,
      create: [...(listed['create'] ?? []), ...(UNLISTED[Type] ?? [])],
    });
    const asked = named.flatMap(([handler, actions]) =>
      actions.map((action) => ({ handler, action })),
    );
    const needed = asked.filter(
      ({ action }) => !NOT_ASKED.some(([sign]) => sign.test(`${Type} ${action}`)),
    );
    return Promise.all(
      needed.map(async ({ handler, action }) =>
        (await onResource(simulator, action, arnsOf(id, resource))).map((found) => ({
          ...found,
          by: `${handler} ${Type} ${id}`,
        })),
      ),
    );
  });
  const all = (await Promise.all(each)).flat(2);
  return [...new Map(all.map((one) => [`${one.action} ${one.resource}`, one])).values()];
}

/** The action on each of the ARNs whose type it works on; or, where it works on none of them, on an ARN that stands for all of a type. */
async function onResource(
  simulator: IamSimulator,
  action: string,
  arns: readonly string[],
): Promise<readonly Permission[]> {
  const [service = '', name = ''] = action.split(':');
  const known = await simulator.actionsOf(service);
  if (!known.includes(name)) return [];
  if (action === 'iam:PassRole') return PASSED.map((role) => permission(action, role));
  if (action === 'iam:CreateServiceLinkedRole') return [permission(action, SERVICE_ROLE)];
  const { resourceTypes } = await simulator.action(service, name);
  if (resourceTypes.length === 0) return [permission(action, '*')];
  const patterns = await Promise.all(
    resourceTypes.map((type) => simulator.arnOf(service, type.name)),
  );
  const own = arns.filter((each) => patterns.some((pattern) => isLike(each, pattern)));
  if (own.length > 0) return own.map((each) => permission(action, each));
  return [permission(action, filled(patterns[0] ?? '*'))];
}

/** Compares only the service and the kind: `arn:aws:lambda:…:function:NAME` is like its pattern. */
function isLike(one: string, pattern: string): boolean {
  const sign = pattern
    .replaceAll(/[.*+?^|()[\]\\]/g, String.raw`\$&`)
    .replaceAll(/\$\{(?:Partition|Region|Account)\}/g, '[^:]*')
    .replaceAll(/\$\{\w+\}/g, '.+');
  return new RegExp(`^${sign}$`).test(one);
}

function filled(pattern: string): string {
  return pattern
    .replaceAll(/\$\{Partition\}/g, 'aws')
    .replaceAll(/\$\{Region\}/g, AWS_REGION)
    .replaceAll(/\$\{Account\}/g, AWS_ACCOUNT)
    .replaceAll(/\$\{\w+\}/g, 'x');
}

const role = (name: string) => `arn:aws:iam::${AWS_ACCOUNT}:role/${name}`;
const PASSED = [
  role('slipway-test-ModelRole-1A2B3C'),
  role(`ecsInstanceRole-slipway-test-${AWS_REGION}`),
];
const SERVICE_ROLE = role(
  'aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway',
);
const WEB_ACL = arn('wafv2', 'regional/webacl/slipway-test/1a2b');
const STAGE_ARN = `arn:aws:apigateway:${AWS_REGION}::/restapis/1a2b/stages/v1`;
const BUCKET = 'slipway-test-serverlessdeploymentbucket-1a2b3c';

/** The ARNs that a resource has in an account, with CloudFormation's addition to its name; and the ARNs that its handlers read. */
function arnsOf(id: string, resource: Resource): readonly string[] {
  const { Type, Properties = {} } = resource;
  const name = nameOf(id, resource);
  const isNamed = name !== `slipway-test-${id}` && name !== `slipway-test-${id}`.toLowerCase();
  const full = isNamed ? name : `${name}-1a2b3c`;
  const bus = Properties.EventBusName ? 'slipway-test/' : '';
  const arns: Readonly<Record<string, readonly string[]>> = {
    'AWS::Budgets::Budget': [`arn:aws:budgets::${AWS_ACCOUNT}:budget/slipway-test-stage`],
    'AWS::CloudTrail::Trail': [arn('cloudtrail', `trail/${full}`)],
    'AWS::CloudWatch::Alarm': [arn('cloudwatch', `alarm:${full}`)],
    'AWS::CloudWatch::Dashboard': [`arn:aws:cloudwatch::${AWS_ACCOUNT}:dashboard/${full}`],
    'AWS::CodeBuild::Project': [arn('codebuild', `project/${full}`)],
    'AWS::DynamoDB::Table': [arn('dynamodb', `table/${full}`)],
    'AWS::ECR::Repository': [arn('ecr', `repository/${full}`)],
    'AWS::ECS::Cluster': [arn('ecs', `cluster/${full}`)],
    'AWS::ElasticLoadBalancingV2::Listener': [
      arn('elasticloadbalancing', 'loadbalancer/app/slipway-test/1a2b'),
      arn('elasticloadbalancing', 'listener/app/slipway-test/1a2b/3c4d'),
    ],
    'AWS::ElasticLoadBalancingV2::LoadBalancer': [
      arn('elasticloadbalancing', 'loadbalancer/app/slipway-test/1a2b'),
    ],
    'AWS::Events::EventBus': [arn('events', `event-bus/${full}`)],
    'AWS::Events::Rule': [arn('events', `rule/${bus}${full}`)],
    'AWS::IAM::InstanceProfile': [`arn:aws:iam::${AWS_ACCOUNT}:instance-profile/${full}`],
    'AWS::IAM::Role': [role(full)],
    'AWS::KMS::Key': [arn('kms', 'key/1a2b')],
    'AWS::KinesisFirehose::DeliveryStream': [
      arn('firehose', `deliverystream/${full}`),
      role('slipway-test-ApiLogRole-1a'),
    ],
    'AWS::Lambda::EventInvokeConfig': [arn('lambda', 'function:slipway-test-sweep')],
    'AWS::Lambda::EventSourceMapping': [arn('lambda', 'event-source-mapping:1a2b')],
    'AWS::Lambda::Function': [
      arn('lambda', `function:${full}`),
      `arn:aws:s3:::${BUCKET}/serverless/slipway/test/x.zip`,
    ],
    'AWS::Lambda::Permission': [arn('lambda', 'function:slipway-test-sweep')],
    'AWS::Logs::LogGroup': [arn('logs', `log-group:${full}`)],
    'AWS::Logs::MetricFilter': [arn('logs', 'log-group:/aws/lambda/slipway-test-authorize')],
    'AWS::S3::Bucket': [`arn:aws:s3:::${full}`, `arn:aws:s3:::${full}/x`],
    'AWS::S3::BucketPolicy': [`arn:aws:s3:::${BUCKET}`],
    'AWS::SNS::Topic': [arn('sns', full)],
    'AWS::SNS::TopicPolicy': [arn('sns', 'slipway-test-alarms')],
    'AWS::SQS::Queue': [arn('sqs', full)],
    'AWS::SQS::QueuePolicy': [arn('sqs', 'slipway-test-UploadDeadLetters-1a2b3c')],
    'AWS::WAFv2::WebACL': [WEB_ACL],
    'AWS::WAFv2::WebACLAssociation': [WEB_ACL, STAGE_ARN],
    'AWS::StepFunctions::StateMachine': [arn('states', `stateMachine:${full}`)],
  };
  return arns[Type] ?? [];
}
