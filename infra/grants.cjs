'use strict';

const MODEL_FUNCTIONS = arn('lambda', 'function:slipway-STAGE-m-*');
const API = `arn:\${AWS::Partition}:apigateway:\${AWS::Region}::/restapis/\${Api}`;

const CAPTURE_KEYS = arn('ssm', 'parameter/slipway/STAGE/capture/*');
const PUBLIC_CAPTURE_KEYS = arn('ssm', 'parameter/slipway/STAGE/capture-public/*');

// The method and its responses, its integration and the integration's responses.
const PUT_PREFLIGHTS = allow(
  'apigateway:PUT',
  `${API}/resources/*/methods/OPTIONS`,
  `${API}/resources/*/methods/OPTIONS/*`,
);

const PROJECTS = ['image', 'own-image', 'environment'];

/** The permissions of functions, by a name that says why. `STAGE` stands for the stage's name; actions without resource-level permissions apply to all resources. */
const GRANTS = {
  // The table, except the callers' API keys and the items that guard the routes.
  registry: [
    {
      ...allow('dynamodb:GetItem ConditionCheckItem PutItem', arnOf('Registry')),
      Condition: {
        'ForAllValues:StringNotLike': {
          'dynamodb:LeadingKeys': ['KEYS', 'KEYS#*', 'API', 'FENCE#*', 'ROUTE#*'],
        },
      },
    },
  ],
  listModels: [inPartition('Query', 'MODELS')],
  fence: [inPartition('UpdateItem', 'FENCE#*')],
  countProbes: [inPartition('UpdateItem', 'PROBES#*')],
  readProbes: [inPartition('Query', 'PROBES#*')],
  readRoutes: [inPartition('GetItem', 'ROUTE#*')],
  listRoutes: [inPartition('Query', 'ROUTE#*')],
  recordRoutes: [inPartition('PutItem', 'ROUTE#*')],
  forgetRoutes: [inPartition('DeleteItem', 'ROUTE#*')],
  endDeployments: [inPartition('DeleteItem', 'UNENDED')],
  findDeployments: [inPartition('Query', 'UNENDED')],
  listVersions: [inPartition('Query', 'VERSIONS#*')],
  listStarts: [inPartition('Query', 'STARTS#*')],
  outbox: [inPartition('Query DeleteItem', 'OUTBOX')],
  apiLease: [inPartition('UpdateItem', 'API')],
  // Any caller of the API invokes the authorizer, so it can read only the keys in the table.
  keys: [inPartition('GetItem', 'KEYS', 'KEYS#*')],
  stream: [
    allow(
      'dynamodb:DescribeStream GetRecords GetShardIterator ListStreams',
      `\${Registry.StreamArn}`,
    ),
    allow('sqs:SendMessage', arnOf('OutboxDeadLetters')),
  ],
  bus: [allow('events:PutEvents', arnOf('Bus'))],

  // Without ListBucket S3 answers 403 for a missing object. https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
  readArtifacts: [
    allow('s3:GetObjectVersion', arnOf('ModelBucket', '/models/*')),
    allow('s3:ListBucket', arnOf('ModelBucket')),
  ],
  // Artifacts that another Slipway has brought.
  readReleases: [
    allow('s3:GetObjectVersion', arnOf('ModelBucket', '/promotions/*')),
    allow('s3:ListBucket', arnOf('ModelBucket')),
  ],
  findNewest: [allow('s3:GetObject', arnOf('ModelBucket', '/models/*'))],
  listArtifacts: [allow('s3:ListBucketVersions', arnOf('ModelBucket'))],
  grantBuilds: [
    allow('s3:PutObject', arnOf('ModelBucket', '/builds/*'), arnOf('ModelBucket', '/own-builds/*')),
  ],
  // A presigned URL has its signer's permissions.
  orderEnvironments: [allow('s3:GetObject PutObject', arnOf('ModelBucket', '/orders/*'))],
  grantArtifacts: [allow('s3:GetObjectVersion', arnOf('ModelBucket', '/models/*'))],

  listImages: [allow('ecr:ListImages', arnOf('Repository'))],
  // No other role deletes images; a build can only add them.
  removeImages: [allow('ecr:ListImages BatchDeleteImage', arnOf('Repository'))],
  readEnvironments: [allow('ecr:DescribeImages', arnOf('EnvironmentRepository'))],

  lookAtDeploys: [lookAt('deploy')],
  lookAtPromotions: [lookAt('promote')],
  lookAtRollbacks: [lookAt('rollback')],
  lookAtUndeploys: [lookAt('undeploy')],
  startExecutions: [
    allow(
      'states:StartExecution',
      ...['deploy', 'promote', 'rollback', 'undeploy'].map((name) =>
        arn('states', `stateMachine:slipway-STAGE-${name}`),
      ),
    ),
  ],
  sweepDeadLetters: [allow('sqs:SendMessage', arnOf('SweepDeadLetters'))],
  // A build's order is read by our own roles alone.
  lookAtBuilds: [allow('codebuild:ListBuildsForProject BatchGetBuilds', ...projects(...PROJECTS))],
  stopImageBuilds: [allow('codebuild:StopBuild', ...projects('image', 'own-image'))],
  stopBuilds: [allow('codebuild:StopBuild', ...projects(...PROJECTS))],
  readBuildLog: [allow('logs:GetLogEvents', arnOf('ImageProjectLogGroup'))],
  readModelLog: [allow('logs:DescribeLogStreams GetLogEvents', arnOf('ModelLogGroup'))],
  // A revision seals the requests that it keeps by keys that are made with it. Its provisioning writes the keys and reads the public ones alone.
  makeCaptureKeys: [
    allow('ssm:PutParameter', CAPTURE_KEYS, PUBLIC_CAPTURE_KEYS),
    allow('ssm:GetParameter', PUBLIC_CAPTURE_KEYS),
  ],
  // The names alone are listed, and only for all parameters: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
  removeCaptureKeys: [
    allow('ssm:DescribeParameters', '*'),
    allow('ssm:DeleteParameter', CAPTURE_KEYS, PUBLIC_CAPTURE_KEYS),
  ],
  // KMS decrypts for whoever may read the parameter: its key of Systems Manager says so. https://docs.aws.amazon.com/systems-manager/latest/userguide/ps-restrict-decryption.html
  openKeptRequests: [
    allow('ssm:GetParametersByPath', CAPTURE_KEYS),
    allow('logs:FilterLogEvents', arnOf('ModelLogGroup')),
  ],
  readMetrics: [allow('cloudwatch:GetMetricData', '*')],
  // It names no resource. https://docs.aws.amazon.com/service-authorization/latest/reference/list_cloudwatch.html
  listMetrics: [allow('cloudwatch:ListMetrics', '*')],
  // A model that has cost as much as it may gets fewer executions at once.
  limitFunctions: [
    allow('lambda:PutFunctionConcurrency DeleteFunctionConcurrency', MODEL_FUNCTIONS),
  ],
  // It names no resource. https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
  readConcurrency: [allow('lambda:GetAccountSettings', '*')],
  // Only asking for another value names a quota. https://docs.aws.amazon.com/service-authorization/latest/reference/list_servicequotas.html
  readQuotas: [allow('servicequotas:GetServiceQuota GetAWSDefaultServiceQuota', '*')],
  // Composite alarms are visible only with permission on all alarms. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
  readAlarms: [allow('cloudwatch:DescribeAlarms', '*')],

  listFunctions: [allow('lambda:ListFunctions', '*')],
  findVersions: [allow('lambda:ListVersionsByFunction', MODEL_FUNCTIONS)],
  readFunctions: [allow('lambda:GetFunction', MODEL_FUNCTIONS)],
  invokeFunctions: [allow('lambda:InvokeFunction', MODEL_FUNCTIONS)],
  makeFunctions: [
    allow(
      'lambda:CreateFunction TagResource UpdateFunctionConfiguration UpdateFunctionCode DeleteFunction',
      MODEL_FUNCTIONS,
    ),
    {
      ...allow('iam:PassRole', arnOf('ModelRole')),
      Condition: { StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' } },
    },
    // Lambda checks the VPC with the caller's permissions. https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
    allow('ec2:DescribeSecurityGroups DescribeSubnets DescribeVpcs', '*'),
  ],
  publishVersions: [allow('lambda:PublishVersion', MODEL_FUNCTIONS)],
  removeVersions: [allow('lambda:DeleteFunction', MODEL_FUNCTIONS)],
  // A revision is removed from $LATEST by changing its description.
  unmarkLatest: [allow('lambda:UpdateFunctionConfiguration', MODEL_FUNCTIONS)],

  readShares: [allow('lambda:GetAlias', MODEL_FUNCTIONS)],
  setShares: [allow('lambda:CreateAlias UpdateAlias', MODEL_FUNCTIONS)],
  readStage: [allow('apigateway:GET', `${API}/stages/*`, `${API}/deployments/*`)],
  settleStage: [allow('apigateway:PATCH', `${API}/stages/*`)],
  // The id of a route's resource is known only after its creation.
  publishRoutes: [
    allow('apigateway:GET', `${API}/resources`),
    allow('apigateway:POST', `${API}/deployments`),
    allow(
      'apigateway:DELETE',
      `${API}/resources/*/methods/ANY`,
      `${API}/resources/*/methods/OPTIONS`,
    ),
    allow('apigateway:PUT', `${API}/resources/*/methods/ANY/integration`),
  ],
  makeRoutes: [
    // A child is created at the path of its parent, but the reference lists only the collection as a resource type. So the grant names both.
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
    allow('apigateway:POST', `${API}/resources`, `${API}/resources/*`),
    allow('apigateway:PUT', `${API}/resources/*/methods/ANY`),
    PUT_PREFLIGHTS,
  ],
  makePreflights: [PUT_PREFLIGHTS],
  allowRoutes: [
    {
      ...allow('lambda:AddPermission', MODEL_FUNCTIONS),
      Condition: { StringEquals: { 'lambda:Principal': 'apigateway.amazonaws.com' } },
    },
  ],
  removeRoutes: [allow('apigateway:DELETE', `${API}/resources/*`)],
  removeAliases: [allow('lambda:DeleteAlias RemovePermission', MODEL_FUNCTIONS)],
};

// X-Ray knows no resources. https://docs.aws.amazon.com/xray/latest/devguide/security_iam_service-with-iam.html
const TRACING = allow('xray:PutTraceSegments PutTelemetryRecords', '*');

module.exports = { GRANTS, TRACING, allow, arn, arnOf };

/**
 * The statement that allows these actions on these resources.
 * @param {string} actions a service with its actions: `s3:GetObject PutObject`
 * @param {readonly import('./osls').Resolved[]} resources
 * @returns {import('./osls').Statement}
 */
function allow(actions, ...resources) {
  const [service, ...names] = actions.split(/[: ]/);
  return {
    Effect: 'Allow',
    Action: names.map((name) => `${service}:${name}`),
    Resource: resources,
  };
}

/** @param {readonly string[]} names */
function projects(...names) {
  return names.map((name) => arn('codebuild', `project/slipway-STAGE-${name}`));
}

/** @param {string} workflow */
function lookAt(workflow) {
  return allow('states:DescribeExecution', arn('states', `execution:slipway-STAGE-${workflow}:*`));
}

/**
 * Items of these partitions of the table; `*` matches any end of a key.
 * @param {string} actions
 * @param {readonly string[]} keys
 */
function inPartition(actions, ...keys) {
  return {
    ...allow(`dynamodb:${actions}`, arnOf('Registry')),
    Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys } },
  };
}

/** @param {string} id the id of the resource in the template */
function arnOf(id, rest = '') {
  return `\${${id}.Arn}${rest}`;
}

/**
 * @param {string} service
 * @param {string} resource
 */
function arn(service, resource) {
  return `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${resource}`;
}
