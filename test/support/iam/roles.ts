import type { Template } from '../../template/template.ts';
import { list, ofType, type Statement, statementsOf } from '../../template/template.ts';
import { AWS_ACCOUNT, AWS_REGION } from '../aws/clients.ts';
import { deployedFunctions } from '../lambda/bundles.ts';
import { resolver } from '../stack/template.ts';
import type { TracedWorld } from '../traced/world.ts';
import { permissionsOf } from './actions.ts';
import { documentedCalls, roleOf } from './documented.ts';
import { arn, type Permission, permission } from './permission.ts';

// The log group of the scripted builds.
const BUILD_LOG = '/slipway/test/image-builds';

/** A role of the template as it is in the traced world, and every call made with it. The roles of ECS's hosts are left out: AWS itself decides what they may do. */
export type Role = {
  readonly id: string;
  readonly statements: readonly Statement[];
  readonly calls: readonly Permission[];
};

/** A part of a statement that stands alone: one action on one resource. */
export type Grant = { readonly name: string; readonly statement: Statement };

export function rolesOf(template: Template, world: TracedWorld): readonly Role[] {
  const { resolve } = resolver(template, {
    account: AWS_ACCOUNT,
    region: AWS_REGION,
    physicalIds: physicalIds(template, world),
  });
  const names = deployedFunctions.map(({ name }) => name);
  const resource = (id: string, action: string) =>
    list(
      resolve(
        statementsOf(template.Resources[id]!).find(({ Action }) => list(Action).includes(action))
          ?.Resource,
      ),
    )[0];
  const documented = documentedCalls({
    functions: names,
    buildLog: BUILD_LOG,
    imageSource: resource('ImageProjectRole', 's3:GetObject'),
    repository: repositoryOf(world),
    bucket: world.s3.bucket,
    table: world.table,
    environments: world.environments.name,
    stream: resource('PublishEventsRole', 'dynamodb:GetRecords'),
    queues: { OutboxDeadLetters: 'OutboxDeadLetters', SweepDeadLetters: 'SweepDeadLetters' },
  });
  const traced = Object.groupBy(world.requests, ({ caller }) => roleOf(caller));
  const asked = (id: string) =>
    (traced[id] ?? []).flatMap((request) => permissionsOf(request, world.api.id));
  return ofType(template, 'AWS::IAM::Role')
    .map(([id, role]) => ({
      id,
      statements: resolve(statementsOf(role)),
      calls: distinct([...asked(id), ...(documented[id] ?? [])]),
    }))
    .filter(({ statements }) => statements.length > 0);
}

export function grantsOf({ statements }: Role): readonly Grant[] {
  return statements
    .filter(({ Effect }) => Effect === 'Allow')
    .flatMap((statement) =>
      list(statement.Action).flatMap((Action) =>
        list(statement.Resource).map((Resource: string) => ({
          name: `${Action} on ${Resource}`,
          statement: { ...statement, Action, Resource },
        })),
      ),
    );
}

/** Names of the traced world, and others that belong to another stage, or to resources that a step does not work on. */
export function otherNames(world: TracedWorld): Readonly<Record<string, string>> {
  return {
    [world.table]: 'another-table',
    [world.s3.bucket]: 'another-bucket',
    [`${world.s3.bucket}/models/`]: `${world.s3.bucket}/other/`,
    [`${world.s3.bucket}/promotions/`]: `${world.s3.bucket}/other/`,
    [`${world.s3.bucket}/builds/`]: `${world.s3.bucket}/other/`,
    '/_probe/': '/models/',
    [world.api.id]: 'anotherapi',
    'slipway-test': 'slipway-other',
    'slipway-test-m-': 'slipway-test-',
    '/slipway/test/': '/slipway/other/',
    'role/model': 'role/admin',
  };
}

/** A resource of ours of each type that actions work on, by service and type. */
export function ownResources(world: TracedWorld): Readonly<Record<string, string>> {
  const { functions, s3, table, api } = world;
  return {
    'apigateway:RestApi': `arn:aws:apigateway:${AWS_REGION}::/restapis/${api.id}`,
    'codebuild:project': arn('codebuild', 'project/slipway-test-image'),
    'ecs:capacity-provider': arn('ecs', 'capacity-provider/slipway-test-x'),
    'ecs:cluster': arn('ecs', 'cluster/slipway-test'),
    'ecs:service': arn('ecs', 'service/slipway-test/shapes-v1-x'),
    'ecs:task': arn('ecs', 'task/slipway-test/x'),
    'ecs:task-definition': arn('ecs', 'task-definition/slipway-test-fargate-shapes-v1:1'),
    'elasticloadbalancing:listener/app': arn(
      'elasticloadbalancing',
      'listener/app/slipway-test/x/x',
    ),
    'elasticloadbalancing:listener-rule/app': arn(
      'elasticloadbalancing',
      'listener-rule/app/slipway-test/x/x/x',
    ),
    'elasticloadbalancing:loadbalancer/app/': arn(
      'elasticloadbalancing',
      'loadbalancer/app/slipway-test/x',
    ),
    'elasticloadbalancing:targetgroup': arn('elasticloadbalancing', 'targetgroup/slipway-test-x/x'),
    'dynamodb:table': arn('dynamodb', `table/${table}`),
    'ecr:repository': arn('ecr', `repository/${repositoryOf(world)}`),
    'events:event-bus': arn('events', `event-bus/${world.bus}`),
    'iam:role': functions.role,
    'lambda:function': arn('lambda', `function:${functions.prefix}shapes`),
    'logs:log-group': arn('logs', `log-group:${functions.logGroup}`),
    'logs:log-stream': arn('logs', `log-group:${functions.logGroup}:log-stream:x`),
    's3:bucket': `arn:aws:s3:::${s3.bucket}`,
    's3:object': `arn:aws:s3:::${s3.bucket}/models/shapes/model.onnx`,
    'sqs:queue': arn('sqs', 'UploadDeadLetters'),
    'states:statemachine': arn('states', 'stateMachine:slipway-test-deploy'),
    'states:execution': arn('states', 'execution:slipway-test-deploy:run'),
  };
}

/** In API Gateway an action is a method, so other resources are other paths. */
export function otherPaths({ api }: TracedWorld): readonly Permission[] {
  const paths = [
    '/account',
    '/apikeys',
    '/restapis',
    `/restapis/${api.id}`,
    `/restapis/${api.id}/authorizers/${api.authorizer}`,
    `/restapis/${api.id}/gatewayresponses`,
    '/usageplans',
    '/usageplans/x/keys',
  ];
  return paths.flatMap((path) =>
    ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map((method) =>
      permission(`apigateway:${method}`, `arn:aws:apigateway:${AWS_REGION}::${path}`),
    ),
  );
}

function physicalIds(template: Template, world: TracedWorld): Readonly<Record<string, string>> {
  const functions = ofType(template, 'AWS::Lambda::Function').map(([id, { Properties }]) => [
    id,
    Properties.FunctionName,
  ]);
  return {
    ...Object.fromEntries(Object.keys(template.Resources).map((id) => [id, id])),
    ...Object.fromEntries(functions),
    Api: world.api.id,
    ApiStage: world.api.stage,
    Listener: world.containers.front.listener,
    TaskExecutionRole: nameIn(world.containers.values.SLIPWAY_EXECUTION_ROLE),
    InfrastructureRole: nameIn(world.containers.values.SLIPWAY_INFRASTRUCTURE_ROLE),
    InstanceRole: nameIn(world.containers.values.SLIPWAY_INSTANCE_PROFILE),
    Bus: world.bus,
    ...Object.fromEntries(
      ['deploy', 'promote', 'rollback', 'undeploy'].map((name) => [
        `${name.charAt(0).toUpperCase()}${name.slice(1)}Workflow`,
        `arn:aws:states:${AWS_REGION}:${AWS_ACCOUNT}:stateMachine:slipway-test-${name}`,
      ]),
    ),
    EnvironmentProject: 'slipway-test-environment',
    EnvironmentRepository: world.environments.name,
    ImageProject: 'slipway-test-image',
    ImageProjectLogGroup: BUILD_LOG,
    OwnImageProject: 'slipway-test-own-image',
    ModelBucket: world.s3.bucket,
    ModelLogGroup: world.functions.logGroup,
    ModelRole: nameIn(world.functions.role),
    Registry: world.table,
    Repository: repositoryOf(world),
  };
}

function nameIn(arnOfRole: string): string {
  return arnOfRole.split('/').at(-1) ?? '';
}

function repositoryOf({ functions }: TracedWorld): string {
  return functions.repository.split('/').at(-1) ?? '';
}

function distinct(calls: readonly Permission[]): readonly Permission[] {
  return [...new Map(calls.map((call) => [JSON.stringify(call), call])).values()];
}
