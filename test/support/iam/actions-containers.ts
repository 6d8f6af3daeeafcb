import { AWS_ACCOUNT } from '../aws/clients.ts';
import type { AwsRequest } from '../traced/front.ts';
import { arn, type Permission, permission } from './permission.ts';

type Asked = Pick<AwsRequest, 'operation' | 'body'>;
type Context = Permission['context'];

const STAGE = 'test';
// These functions change only resources that they have made, with this tag: a request for one does not show it.
const OURS = { 'aws:ResourceTag/slipway:stage': STAGE };

/** The permissions that a request to a service of containers needs; empty where the tables say nothing. Sources as in iam-actions.ts. */
export const containerServices = {
  ecs: ({ operation, body }: Asked) => ecs(operation, JSON.parse(body)),
  elasticloadbalancing: ({ operation, body }: Asked) =>
    loadBalancing(operation, new URLSearchParams(body)),
  'application-autoscaling': ({ operation, body }: Asked) => scaling(operation, JSON.parse(body)),
  // https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
  'execute-api': ({ method, url }: Pick<AwsRequest, 'method' | 'url'>, api: string) => {
    const [, stage, ...path] = url.pathname.split('/');
    const asked = `${api}/${stage}/${method}/${path.join('/')}`;
    return [permission('execute-api:Invoke', arn('execute-api', asked))];
  },
} as const;

type EcsInput = {
  readonly tags?: readonly { readonly key: string; readonly value: string }[];
  readonly cluster?: string;
  readonly clusters?: readonly string[];
  readonly clusterName?: string;
  readonly name?: string;
  readonly service?: string;
  readonly services?: readonly string[];
  readonly serviceName?: string;
  readonly tasks?: readonly string[];
  readonly family?: string;
  readonly executionRoleArn?: string;
  readonly taskDefinitions?: readonly string[];
  readonly capacityProvider?: string;
  readonly capacityProviders?: readonly string[];
  readonly managedInstancesProvider?: {
    readonly infrastructureRoleArn: string;
    readonly instanceLaunchTemplate: { readonly ec2InstanceProfileArn: string };
  };
};

function ecs(operation: string, input: EcsInput): readonly Permission[] {
  const { cluster = '', services = [], clusters = [], capacityProviders = [] } = input;
  const on = (resource: string, context: Context = {}) =>
    permission(`ecs:${operation}`, arn('ecs', resource), context);
  const made = (resource: string) => [
    on(resource, requestTags(input)),
    permission('ecs:TagResource', arn('ecs', resource), { 'ecs:CreateAction': operation }),
  ];
  switch (operation) {
    case 'RegisterTaskDefinition':
      return [
        ...made(`task-definition/${input.family}:1`),
        ...passed(input.executionRoleArn, 'ecs-tasks.amazonaws.com'),
      ];
    case 'DeleteTaskDefinitions':
      return (input.taskDefinitions ?? []).map((each) =>
        permission(`ecs:${operation}`, each, OURS),
      );
    case 'CreateService':
      return made(`service/${cluster}/${input.serviceName}`);
    case 'DescribeServices':
      return services.map((each) => on(`service/${cluster}/${each}`));
    case 'UpdateService':
    case 'DeleteService':
      return [on(`service/${cluster}/${input.service}`, OURS)];
    case 'DescribeTasks':
      return (input.tasks ?? []).map((each) => on(`task/${cluster}/${each.split('/').at(-1)}`));
    case 'ListTasks':
      return [
        permission('ecs:ListTasks', '*', { 'ecs:cluster': arn('ecs', `cluster/${cluster}`) }),
      ];
    case 'CreateCluster':
      return made(`cluster/${input.clusterName}`);
    case 'DescribeClusters':
      return clusters.map((each) => on(`cluster/${each}`));
    case 'DeleteCluster':
      return [on(`cluster/${cluster}`, OURS)];
    case 'CreateCapacityProvider':
      return [
        ...made(`capacity-provider/${input.name}`),
        ...passed(input.managedInstancesProvider?.infrastructureRoleArn, 'ecs.amazonaws.com'),
        ...passed(hostRole(input), 'ec2.amazonaws.com'),
        // The list's dependent actions, and the role that the first provider of an account makes.
        permission('ecs:PutClusterCapacityProviders', arn('ecs', `cluster/${cluster}`)),
        linkedRole('ecs-compute.amazonaws.com', 'AWSServiceRoleForECSCompute'),
      ];
    case 'DescribeCapacityProviders': {
      // A call without names means all providers of the cluster.
      const asked = capacityProviders.length > 0 ? capacityProviders : [`${cluster}-x`];
      return asked.map((each) => on(`capacity-provider/${each}`));
    }
    case 'DeleteCapacityProvider':
      return [on(`capacity-provider/${input.capacityProvider}`, OURS)];
    default:
      return WITHOUT_RESOURCES.has(operation) ? [permission(`ecs:${operation}`, '*')] : [];
  }
}

const WITHOUT_RESOURCES = new Set([
  'DescribeTaskDefinition',
  'DeregisterTaskDefinition',
  'ListClusters',
  'ListTaskDefinitionFamilies',
  'ListTaskDefinitions',
]);

function loadBalancing(operation: string, input: URLSearchParams): readonly Permission[] {
  const action = `elasticloadbalancing:${operation}`;
  const given = (name: string) => input.get(name) ?? '';
  const tags = { 'aws:RequestTag/slipway:stage': tagIn(input) };
  const tagging = (resource: string) =>
    permission('elasticloadbalancing:AddTags', resource, {
      'elasticloadbalancing:CreateAction': operation,
    });
  switch (operation) {
    case 'CreateTargetGroup': {
      const group = arn('elasticloadbalancing', `targetgroup/${given('Name')}/0123456789abcdef`);
      return [permission(action, group, tags), tagging(group)];
    }
    case 'CreateRule': {
      const listener = given('ListenerArn');
      const rule = `${listener.replace(':listener/', ':listener-rule/')}/0123456789abcdef`;
      return [permission(action, listener, tags), tagging(rule)];
    }
    case 'ModifyTargetGroupAttributes':
    case 'DeleteTargetGroup':
      return [permission(action, given('TargetGroupArn'), OURS)];
    case 'ModifyRule':
    case 'DeleteRule':
      return [permission(action, given('RuleArn'), OURS)];
    default:
      return operation.startsWith('Describe') ? [permission(action, '*')] : [];
  }
}

/** Tags of the query protocol are numbered: `Tags.member.1.Key`. */
function tagIn(input: URLSearchParams): string {
  const key = [...input].find(([, value]) => value === 'slipway:stage')?.[0] ?? '';
  return input.get(key.replace(/Key$/, 'Value')) ?? '';
}

type ScalingInput = {
  readonly ServiceNamespace: string;
  readonly ScalableDimension: string;
  readonly ResourceId: string;
  readonly ResourceARN?: string;
  readonly Tags?: Readonly<Record<string, string>>;
};

function scaling(operation: string, input: ScalingInput): readonly Permission[] {
  const { Tags, ResourceARN } = input;
  if (ResourceARN) return [scalingTags(ResourceARN, Tags)];
  const target = arn('application-autoscaling', 'scalable-target/0123456789');
  const asked = permission(`application-autoscaling:${operation}`, target, {
    'application-autoscaling:service-namespace': input.ServiceNamespace,
    'application-autoscaling:scalable-dimension': input.ScalableDimension,
  });
  // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/auto-scaling-IAM.html
  const alarm = arn('cloudwatch', `alarm:TargetTracking-${input.ResourceId}-AlarmHigh-x`);
  const withoutAlarms = [
    permission('cloudwatch:DeleteAlarms', alarm),
    permission('cloudwatch:DescribeAlarms', '*'),
  ];
  if (operation === 'DeregisterScalableTarget') return [asked, ...withoutAlarms];
  if (operation === 'PutScalingPolicy') {
    return [asked, permission('cloudwatch:PutMetricAlarm', alarm), ...withoutAlarms];
  }
  // The first target of an account makes it. https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-service-linked-roles.html
  const scaler = 'AWSServiceRoleForApplicationAutoScaling_ECSService';
  if (operation !== 'RegisterScalableTarget') return [asked];
  return [
    asked,
    linkedRole('ecs.application-autoscaling.amazonaws.com', scaler),
    ...(Tags ? [scalingTags(target, Tags)] : []),
  ];
}

function scalingTags(target: string, tags: ScalingInput['Tags'] = {}): Permission {
  const requested = Object.entries(tags).map(([key, value]) => ({ key, value }));
  return permission(
    'application-autoscaling:TagResource',
    target,
    requestTags({ tags: requested }),
  );
}

function linkedRole(service: string, name: string): Permission {
  const role = `arn:aws:iam::${AWS_ACCOUNT}:role/aws-service-role/${service}/${name}`;
  return permission('iam:CreateServiceLinkedRole', role, { 'iam:AWSServiceName': service });
}

function requestTags({ tags = [] }: EcsInput): Context {
  return Object.fromEntries(tags.map(({ key, value }) => [`aws:RequestTag/${key}`, value]));
}

/** The role in the profile, which has the profile's name here. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-instances-instance-profile.html */
function hostRole({ managedInstancesProvider: provider }: EcsInput): string | undefined {
  return provider?.instanceLaunchTemplate.ec2InstanceProfileArn.replace(
    ':instance-profile/',
    ':role/',
  );
}

function passed(role: string | undefined, service: string): readonly Permission[] {
  return role ? [permission('iam:PassRole', role, { 'iam:PassedToService': service })] : [];
}
