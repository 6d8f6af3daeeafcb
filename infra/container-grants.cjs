'use strict';

const { allow, arn, arnOf } = require('./grants.cjs');

/** @typedef {import('./osls').Statement} Statement */

// The services in the Fargate cluster, and in the clusters of ECS Managed Instances, which are created at run time. A stage has no hyphen, so no other stage's names have this prefix.
const SERVICES = arn('ecs', 'service/slipway-STAGE/*');
const HOSTED = arn('ecs', 'service/slipway-STAGE-*/*');
const TASKS = ['slipway-STAGE/*', 'slipway-STAGE-*/*'].map((name) => arn('ecs', `task/${name}`));
const CLUSTERS = ['slipway-STAGE', 'slipway-STAGE-*'].map((name) => arn('ecs', `cluster/${name}`));
const MADE_CLUSTERS = arn('ecs', 'cluster/slipway-STAGE-*');
const PROVIDERS = arn('ecs', 'capacity-provider/slipway-STAGE-*');
const DEFINITIONS = arn('ecs', 'task-definition/slipway-STAGE-*:*');
// A scalable target's id is known only after its creation, so these are the targets of all services.
const SCALED = arn('application-autoscaling', 'scalable-target/*');
const SCALING_ALARMS = arn('cloudwatch', 'alarm:TargetTracking-service/slipway-STAGE*');
const TARGET_GROUPS = arn('elasticloadbalancing', 'targetgroup/slipway-STAGE-*/*');
const RULES = arn('elasticloadbalancing', 'listener-rule/app/slipway-STAGE/*');

const TAGGED = 'aws:ResourceTag/slipway:stage';
const TAGGING = 'aws:RequestTag/slipway:stage';

/** Further permissions of functions when the stack has containers, by a name that says why. */
const CONTAINER_GRANTS = {
  readContainers: [
    allow('ecs:DescribeTaskDefinition', '*'),
    allow('elasticloadbalancing:DescribeTags DescribeTargetGroups', '*'),
  ],
  readServices: [allow('ecs:DescribeServices', SERVICES)],
  readHostedServices: [allow('ecs:DescribeServices', HOSTED)],
  readRules: [allow('elasticloadbalancing:DescribeRules', '*')],
  readTags: [allow('elasticloadbalancing:DescribeTags', '*')],
  readGroups: [allow('elasticloadbalancing:DescribeTags DescribeTargetGroups', '*')],
  readHealth: [allow('elasticloadbalancing:DescribeTargetHealth', '*')],
  readTasks: [
    // The resource type is a container instance, which Fargate tasks do not have; so the cluster is the condition. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security_iam_id-based-policy-examples.html
    { ...allow('ecs:ListTasks', '*'), Condition: { ArnLike: { 'ecs:cluster': CLUSTERS } } },
    allow('ecs:DescribeTasks', ...TASKS),
  ],
  listContainers: [allow('ecs:ListTaskDefinitionFamilies', '*')],

  makeContainers: [
    tagging(allow('ecs:RegisterTaskDefinition', DEFINITIONS)),
    onCreation(allow('ecs:TagResource', DEFINITIONS), 'ecs:CreateAction', 'RegisterTaskDefinition'),
    tagging(allow('elasticloadbalancing:CreateTargetGroup', TARGET_GROUPS)),
    tagging(allow('elasticloadbalancing:CreateRule', `\${Listener}`)),
    onCreation(
      allow('elasticloadbalancing:AddTags', TARGET_GROUPS, RULES),
      'elasticloadbalancing:CreateAction',
      'CreateTargetGroup',
      'CreateRule',
    ),
    tagged(allow('elasticloadbalancing:ModifyTargetGroupAttributes', TARGET_GROUPS)),
    passed('TaskExecutionRole', 'ecs-tasks.amazonaws.com'),
  ],
  makeServices: serving(SERVICES),
  makeHostedServices: serving(HOSTED),
  scaleContainers: [
    inEcs('application-autoscaling:RegisterScalableTarget PutScalingPolicy PutScheduledAction'),
    // It has no key for the call that creates the target; nothing here goes by a target's tags. https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsapplicationautoscaling.html
    tagging(allow('application-autoscaling:TagResource', SCALED)),
    allow('cloudwatch:PutMetricAlarm', SCALING_ALARMS),
    linkedRole('ecs.application-autoscaling.amazonaws.com'),
  ],
  // A model that has cost as much as it may gets fewer replicas; `stopServices` has the right to set their number.
  limitContainers: [inEcs('application-autoscaling:RegisterScalableTarget')],
  makeHosts: [
    allow('ecs:DescribeClusters', MADE_CLUSTERS),
    allow('ecs:DescribeCapacityProviders', PROVIDERS),
    tagging(allow('ecs:CreateCluster', MADE_CLUSTERS)),
    tagging(allow('ecs:CreateCapacityProvider', PROVIDERS)),
    // CreateCapacityProvider needs the permission on its cluster too. https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
    allow('ecs:PutClusterCapacityProviders', MADE_CLUSTERS),
    onCreation(
      allow('ecs:TagResource', MADE_CLUSTERS, PROVIDERS),
      'ecs:CreateAction',
      'CreateCluster',
      'CreateCapacityProvider',
    ),
    passed('InfrastructureRole', 'ecs.amazonaws.com'),
    passed('InstanceRole', 'ec2.amazonaws.com'),
    // AWSServiceRoleForECSCompute, which an account gets with its first managed instances.
    linkedRole('ecs-compute.amazonaws.com'),
  ],

  stopContainers: [
    inEcs('application-autoscaling:DeregisterScalableTarget'),
    // A policy makes alarms, and takes them away with itself or its target; it looks for them among all. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/auto-scaling-IAM.html, https://github.com/mattclay/aws-terminator/pull/63
    allow('cloudwatch:DeleteAlarms', SCALING_ALARMS),
    allow('cloudwatch:DescribeAlarms', '*'),
    tagged(allow('elasticloadbalancing:DeleteRule', RULES)),
    tagged(allow('elasticloadbalancing:DeleteTargetGroup', TARGET_GROUPS)),
  ],
  stopServices: [tagged(allow('ecs:UpdateService DeleteService', SERVICES))],
  stopHostedServices: [tagged(allow('ecs:UpdateService DeleteService', HOSTED))],
  removeContainers: [
    // The first two actions do not support resource-level permissions.
    allow('ecs:ListTaskDefinitions DeregisterTaskDefinition', '*'),
    tagged(allow('ecs:DeleteTaskDefinitions', DEFINITIONS)),
    allow('ecs:ListClusters', '*'),
    allow('ecs:DescribeClusters', MADE_CLUSTERS),
    allow('ecs:DescribeCapacityProviders', PROVIDERS),
    tagged(allow('ecs:DeleteCapacityProvider', PROVIDERS)),
  ],
  removeClusters: [tagged(allow('ecs:DeleteCluster', MADE_CLUSTERS))],

  setWeights: [
    tagging(allow('elasticloadbalancing:CreateRule', `\${Listener}`)),
    onCreation(
      allow('elasticloadbalancing:AddTags', RULES),
      'elasticloadbalancing:CreateAction',
      'CreateRule',
    ),
    tagged(allow('elasticloadbalancing:ModifyRule', RULES)),
  ],
  removeRules: [tagged(allow('elasticloadbalancing:DeleteRule', RULES))],
  // https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
  probeContainers: [
    allow('execute-api:Invoke', arn('execute-api', `\${Api}/\${ApiStage}/*/_probe/*`)),
  ],
};

module.exports = { CONTAINER_GRANTS };

/**
 * Limits a statement to resources with this stage's tag.
 * @param {Statement} statement
 */
function tagged(statement) {
  return { ...statement, Condition: { StringEquals: { [TAGGED]: 'STAGE' } } };
}

/**
 * Requires this stage's tag on creation, by which Slipway finds the resource again.
 * @param {Statement} statement
 */
function tagging(statement) {
  return { ...statement, Condition: { StringEquals: { [TAGGING]: 'STAGE' } } };
}

/**
 * Allows tagging only on creation: a tag added later could claim a foreign resource.
 * @param {Statement} statement
 * @param {string} key
 * @param {readonly string[]} actions
 */
function onCreation(statement, key, ...actions) {
  return { ...statement, Condition: { StringEquals: { [key]: actions } } };
}

/** @param {string} services the ARN of the services */
function serving(services) {
  return [
    tagging(allow('ecs:CreateService', services)),
    onCreation(allow('ecs:TagResource', services), 'ecs:CreateAction', 'CreateService'),
  ];
}

/**
 * @param {string} role the id of the role in the template
 * @param {string} service
 */
function passed(role, service) {
  return {
    ...allow('iam:PassRole', arnOf(role)),
    Condition: { StringEquals: { 'iam:PassedToService': service } },
  };
}

/**
 * A service-linked role, which a service creates at an account's first use.
 * @param {string} service
 */
function linkedRole(service) {
  return {
    ...allow(
      'iam:CreateServiceLinkedRole',
      `arn:\${AWS::Partition}:iam::\${AWS::AccountId}:role/aws-service-role/${service}/*`,
    ),
    Condition: { StringEquals: { 'iam:AWSServiceName': service } },
  };
}

/**
 * Limits a statement to the targets of ECS services.
 * @param {string} actions
 */
function inEcs(actions) {
  return {
    ...allow(actions, SCALED),
    Condition: {
      StringEquals: {
        'application-autoscaling:service-namespace': 'ecs',
        'application-autoscaling:scalable-dimension': 'ecs:service:DesiredCount',
      },
    },
  };
}
