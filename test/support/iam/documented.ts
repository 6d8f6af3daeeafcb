import { NETWORK_ACTIONS } from '../aws/rules/lambda-network.ts';
import { MACHINES, type Machine } from '../walk/asl.ts';
import { arn, type Permission, permission } from './permission.ts';

/** The permissions that a service uses with one of our roles and that no run here can trace: from the documentation. */
type Documented = Readonly<Record<string, readonly Permission[]>>;

export type Names = {
  readonly functions: readonly string[];
  readonly buildLog: string;
  readonly imageSource: string;
  readonly repository: string;
  readonly environments: string;
  readonly stream: string;
  readonly bucket: string;
  readonly table: string;
  readonly queues: Readonly<Record<'OutboxDeadLetters' | 'SweepDeadLetters', string>>;
};

export function documentedCalls({ functions, ...names }: Names): Documented {
  const own = Object.fromEntries(
    functions.map((name) => [
      roleOf(name),
      // https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
      writeLog(`/aws/lambda/slipway-test-${name}`),
    ]),
  );
  return {
    ...own,
    PublishEventsRole: [...(own['PublishEventsRole'] ?? []), ...readStream(names)],
    SweepRole: [
      ...(own['SweepRole'] ?? []),
      // https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
      permission('sqs:SendMessage', arn('sqs', names.queues.SweepDeadLetters)),
    ],
    ...Object.fromEntries(MACHINES.map((machine) => [workflowRole(machine), workflow(machine)])),
    TaskExecutionRole: startTask(names),
    UploadRuleRole: [
      // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html
      permission('states:StartExecution', arn('states', 'stateMachine:slipway-test-deploy')),
    ],
    EnvironmentProjectRole: build({ ...names, repository: names.environments }),
    ImageProjectRole: [
      ...build(names),
      ...pull(names.environments),
      // buildspecs/commands/granted.mjs: `aws s3 cp` asks for the object's size, then for the object.
      permission('s3:GetObject', `arn:aws:s3:::${names.bucket}/builds/d1/secret.json`),
      ...['tar', 'json'].map((ending) =>
        permission('s3:GetObject', `arn:aws:s3:::${names.bucket}/own-images/d1/secret.${ending}`),
      ),
    ],
    OwnImageProjectRole: buildOwnImage(names),
    Promoter: promote(names),
    ModelRole: [...writeLog('/slipway/test/models'), ...NETWORK],
  };
}

export function roleOf(functionName: string): string {
  return `${functionName.charAt(0).toUpperCase()}${functionName.slice(1)}Role`;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html */
function readStream({ stream, queues }: Pick<Names, 'stream' | 'queues'>): readonly Permission[] {
  return [
    ...['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'].map((name) =>
      permission(`dynamodb:${name}`, stream),
    ),
    permission('sqs:SendMessage', arn('sqs', queues.OutboxDeadLetters)),
  ];
}

function workflowRole({ name }: Machine): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}WorkflowRole`;
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/connect-codebuild.html and cw-logs.html */
function workflow({ states, text }: Machine): readonly Permission[] {
  const named = Object.values(states).flatMap(({ Parameters }) => Parameters?.FunctionName ?? []);
  const steps = new Set(named.map((name) => name.slice('${'.length, -'Function}'.length)));
  return [
    ...[...steps].map((step) =>
      permission(
        'lambda:InvokeFunction',
        arn('lambda', `function:slipway-test-${step.charAt(0).toLowerCase()}${step.slice(1)}`),
      ),
    ),
    ...(text.includes('codebuild:startBuild.sync') ? BUILD : []),
    ...LOG_DELIVERY.map((name) => permission(`logs:${name}`, '*')),
  ];
}

const BUILD: readonly Permission[] = [
  ...['environment', 'own-image', 'image'].flatMap((project) =>
    ['StartBuild', 'StopBuild', 'BatchGetBuilds'].map((name) =>
      permission(`codebuild:${name}`, arn('codebuild', `project/slipway-test-${project}`)),
    ),
  ),
  ...['PutTargets', 'PutRule', 'DescribeRule'].map((name) =>
    permission(
      `events:${name}`,
      arn('events', 'rule/StepFunctionsGetEventForCodeBuildStartBuildRule'),
    ),
  ),
];

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html */
function startTask({ repository }: Pick<Names, 'repository'>): readonly Permission[] {
  return [
    ...writeLog('/slipway/test/models'),
    permission('ecr:GetAuthorizationToken', '*'),
    ...pull(repository),
  ];
}

function pull(repository: string): readonly Permission[] {
  return ['BatchCheckLayerAvailability', 'BatchGetImage', 'GetDownloadUrlForLayer'].map((name) =>
    permission(`ecr:${name}`, arn('ecr', `repository/${repository}`)),
  );
}

/** The permissions that `slipway promote` needs in the account it brings a version to: test/aws/promotion.test.ts runs it. */
function promote({
  repository,
  bucket,
  table,
}: Pick<Names, 'repository' | 'bucket' | 'table'>): readonly Permission[] {
  const object = `arn:aws:s3:::${bucket}/promotions/shapes/1/release.json`;
  const row = { 'dynamodb:LeadingKeys': ['MODELS'] };
  return [
    permission(
      'cloudformation:DescribeStacks',
      arn('cloudformation', 'stack/slipway-test/00000000-0000-0000-0000-000000000000'),
    ),
    ...[
      'BatchCheckLayerAvailability',
      'CompleteLayerUpload',
      'InitiateLayerUpload',
      'PutImage',
      'UploadLayerPart',
    ].map((name) => permission(`ecr:${name}`, arn('ecr', `repository/${repository}`))),
    permission('s3:PutObject', object),
    permission('s3:AbortMultipartUpload', object),
    permission('states:StartExecution', arn('states', 'stateMachine:slipway-test-promote')),
    permission('dynamodb:GetItem', arn('dynamodb', `table/${table}`), row),
    permission('dynamodb:Query', arn('dynamodb', `table/${table}`), row),
  ];
}

const LOG_DELIVERY = [
  'CreateLogDelivery',
  'GetLogDelivery',
  'UpdateLogDelivery',
  'DeleteLogDelivery',
  'ListLogDeliveries',
  'PutResourcePolicy',
  'DescribeResourcePolicies',
  'DescribeLogGroups',
];

/** https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html, https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html */
function build({
  buildLog,
  imageSource,
  repository,
}: Pick<Names, 'buildLog' | 'imageSource' | 'repository'>): readonly Permission[] {
  return [
    ...writeLog(buildLog),
    ...readSource(imageSource),
    permission('ecr:GetAuthorizationToken', '*'),
    ...[
      'BatchCheckLayerAvailability',
      'BatchGetImage',
      'CompleteLayerUpload',
      'GetDownloadUrlForLayer',
      'InitiateLayerUpload',
      'PutImage',
      'UploadLayerPart',
    ].map((name) => permission(`ecr:${name}`, arn('ecr', `repository/${repository}`))),
  ];
}

/** buildspecs/commands/bucket.mjs: `aws s3 cp` writes large objects in parts, which takes the same permission. https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions */
function buildOwnImage({
  buildLog,
  imageSource,
  bucket,
}: Pick<Names, 'buildLog' | 'imageSource' | 'bucket'>): readonly Permission[] {
  const own = (key: string) => `arn:aws:s3:::${bucket}/${key}`;
  return [
    ...writeLog(buildLog, 'own-image/'),
    ...readSource(imageSource),
    permission('s3:GetObject', own('own-builds/d1/secret.json')),
    ...['tar', 'json'].map((ending) =>
      permission('s3:PutObject', own(`own-images/d1/secret.${ending}`)),
    ),
  ];
}

function readSource(imageSource: string): readonly Permission[] {
  return [
    permission('s3:GetObject', imageSource),
    permission('s3:GetObjectVersion', imageSource),
    permission('s3:GetBucketAcl', bucketOf(imageSource)),
    permission('s3:GetBucketLocation', bucketOf(imageSource)),
  ];
}

/** Lambda itself, with the function's role: on all resources, as it asks. https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html */
const NETWORK: readonly Permission[] = NETWORK_ACTIONS.map((name) =>
  permission(`ec2:${name}`, name.startsWith('Describe') ? '*' : arn('ec2', '*/*')),
);

function bucketOf(object: string): string {
  return String(object.split('/')[0]);
}

function writeLog(group: string, prefix = ''): readonly Permission[] {
  const stream = arn('logs', `log-group:${group}:log-stream:${prefix}2026/11/25/[1]0`);
  return [permission('logs:CreateLogStream', stream), permission('logs:PutLogEvents', stream)];
}
