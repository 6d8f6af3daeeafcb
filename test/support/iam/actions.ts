import { AWS_REGION } from '../aws/clients.ts';
import type { AwsRequest } from '../traced/front.ts';
import { containerServices } from './actions-containers.ts';
import { arn, type Permission, permission } from './permission.ts';

type Json = Readonly<Record<string, unknown>>;
type Table = Readonly<Record<string, (request: AwsRequest, api: string) => readonly Permission[]>>;

/**
 * The permissions that a request needs; a request to the API, which only its host identifies, goes to the one with the id `api`. Throws for a request that is in no line of this table.
 * Source: https://docs.aws.amazon.com/service-authorization/latest/reference/, the page of each service, unless a line says another.
 */
export function permissionsOf(request: AwsRequest, api: string): readonly Permission[] {
  const found = SERVICES[request.service]?.(request, api);
  if (found && found.length > 0) return found;
  const { caller, service, method, url, operation } = request;
  throw new Error(`${caller}: ${service} ${method} ${url.pathname} ${operation} is in no table`);
}

const SERVICES: Table = {
  dynamodb,
  lambda: (request) => ofTags(request) ?? lambda(request),
  s3,
  logs,
  // Each method on each path is a resource. https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-iam-policy-examples.html
  apigateway: ({ method, url }) => [
    permission(`apigateway:${method}`, `arn:aws:apigateway:${AWS_REGION}::${url.pathname}`),
  ],
  states: ({ operation, body }) => {
    const { stateMachineArn, executionArn } = JSON.parse(body);
    return [permission(`states:${operation}`, stateMachineArn ?? executionArn)];
  },
  events: ({ operation, body }) => {
    const { Entries } = JSON.parse(body) as { Entries: readonly { EventBusName: string }[] };
    const buses = new Set(Entries.map(({ EventBusName }) => EventBusName));
    return [...buses].map((bus) =>
      permission(
        `events:${operation}`,
        bus.startsWith('arn:') ? bus : arn('events', `event-bus/${bus}`),
      ),
    );
  },
  ecr: ({ operation, body }) => {
    const { repositoryName } = JSON.parse(body);
    return [permission(`ecr:${operation}`, arn('ecr', `repository/${repositoryName}`))];
  },
  // A build is of its project, whose name its id begins with.
  codebuild: ({ operation, body }) => {
    const { projectName, id = '', ids = [id] } = JSON.parse(body);
    const names: readonly string[] = projectName ? [projectName] : ids;
    const projects = new Set(names.map((name) => name.split(':', 1)[0]));
    return [...projects].map((name) =>
      permission(`codebuild:${operation}`, arn('codebuild', `project/${name}`)),
    );
  },
  ssm: ({ operation, body }) => {
    const { Name, Path } = JSON.parse(body);
    const name = Name ?? Path;
    return [permission(`ssm:${operation}`, name ? arn('ssm', `parameter${name}`) : '*')];
  },
  // Reading a quota names no resource; only asking for another value does.
  servicequotas: ({ operation }) => [permission(`servicequotas:${operation}`, '*')],
  monitoring: ({ operation }) => [permission(`cloudwatch:${operation}`, '*')],
  ...containerServices,
};

const TRANSACTED = {
  Get: 'GetItem',
  Put: 'PutItem',
  Delete: 'DeleteItem',
  Update: 'UpdateItem',
  ConditionCheck: 'ConditionCheckItem',
} as const;

/** A transaction needs the permission of each of its parts. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html */
function dynamodb({ operation, body }: AwsRequest): readonly Permission[] {
  const input = JSON.parse(body);
  if (!operation.startsWith('Transact')) return [onTable(operation, input)];
  return input.TransactItems.flatMap((item: Readonly<Record<string, TableInput>>) =>
    Object.entries(TRANSACTED).flatMap(([part, action]) =>
      item[part] ? [onTable(action, item[part])] : [],
    ),
  );
}

type Row = Readonly<Record<string, { readonly S: string }>>;
type TableInput = {
  readonly TableName: string;
  readonly Key?: Row;
  readonly Item?: Row;
  readonly ExpressionAttributeValues?: Row;
};

function onTable(
  action: string,
  { TableName, Key, Item, ExpressionAttributeValues }: TableInput,
): Permission {
  const pk = (Key ?? Item)?.['pk'] ?? ExpressionAttributeValues?.[':pk'];
  return permission(`dynamodb:${action}`, arn('dynamodb', `table/${TableName}`), {
    'dynamodb:LeadingKeys': [String(pk?.S)],
  });
}

const OF_FUNCTION: readonly (readonly [RegExp, string])[] = [
  [/^GET versions$/, 'ListVersionsByFunction'],
  [/^POST versions$/, 'PublishVersion'],
  [/^GET configuration$/, 'GetFunctionConfiguration'],
  [/^PUT configuration$/, 'UpdateFunctionConfiguration'],
  [/^PUT code$/, 'UpdateFunctionCode'],
  [/^POST invocations$/, 'InvokeFunction'],
  [/^POST policy$/, 'AddPermission'],
  [/^DELETE policy\/[^/]+$/, 'RemovePermission'],
  [/^POST aliases$/, 'CreateAlias'],
  [/^GET aliases\/[^/]+$/, 'GetAlias'],
  [/^PUT aliases\/[^/]+$/, 'UpdateAlias'],
  [/^DELETE aliases\/[^/]+$/, 'DeleteAlias'],
  [/^GET $/, 'GetFunction'],
  [/^DELETE $/, 'DeleteFunction'],
];

function lambda({ method, url, body }: AwsRequest): readonly Permission[] {
  const [, name = '', rest = ''] =
    /^\/2015-03-31\/functions(?:\/([^/]+))?\/?(.*)$/.exec(decodeURIComponent(url.pathname)) ?? [];
  const input = method === 'POST' || method === 'PUT' ? parsed(body) : {};
  const functionName = name || String(input['FunctionName']);
  const qualifier = url.searchParams.get('Qualifier');
  const resource = arn('lambda', `function:${functionName}${qualifier ? `:${qualifier}` : ''}`);
  if (/\/account-settings\/?$/.test(url.pathname)) {
    return [permission('lambda:GetAccountSettings', '*')];
  }
  if (method === 'GET' && !name) return [permission('lambda:ListFunctions', '*')];
  const action = name
    ? OF_FUNCTION.find(([asked]) => asked.test(`${method} ${rest}`))?.[1]
    : 'CreateFunction';
  if (!action) return [];
  // The condition key of AddPermission and RemovePermission is the Principal of the statement.
  const context = input['Principal'] ? { 'lambda:Principal': String(input['Principal']) } : {};
  return [permission(`lambda:${action}`, resource, context), ...besides(input, resource)];
}

function ofTags({ method, url }: AwsRequest): readonly Permission[] | undefined {
  const [, tagged] = /^\/2017-03-31\/tags\/([^/]+)$/.exec(decodeURIComponent(url.pathname)) ?? [];
  return tagged && method === 'POST' ? [permission('lambda:TagResource', tagged)] : undefined;
}

/** The further permissions that Lambda's caller needs when a function gets tags, a role or a network. */
function besides({ Tags, Role, VpcConfig }: Json, resource: string): readonly Permission[] {
  return [
    ...(Tags ? [permission('lambda:TagResource', resource)] : []),
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    ...(Role
      ? [
          permission('iam:PassRole', String(Role), {
            'iam:PassedToService': 'lambda.amazonaws.com',
          }),
        ]
      : []),
    // https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
    ...(VpcConfig
      ? ['SecurityGroups', 'Subnets', 'Vpcs'].map((what) => permission(`ec2:Describe${what}`, '*'))
      : []),
  ];
}

/** A caller who may not list a bucket gets 403 for a missing object, and not 404. https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html */
function s3({ method, url, status }: AwsRequest): readonly Permission[] {
  const [, bucket = '', ...key] = decodeURIComponent(url.pathname).split('/');
  const ofBucket = `arn:aws:s3:::${bucket}`;
  if (!key.join('/')) {
    return url.searchParams.has('versions') ? [permission('s3:ListBucketVersions', ofBucket)] : [];
  }
  const version = url.searchParams.has('versionId') ? 'Version' : '';
  const action = method === 'PUT' ? 'PutObject' : `GetObject${version}`;
  if (!['GET', 'HEAD', 'PUT'].includes(method)) return [];
  const absent = status === 404 ? [permission('s3:ListBucket', ofBucket)] : [];
  return [permission(`s3:${action}`, `${ofBucket}/${key.join('/')}`), ...absent];
}

/** The resources are streams, those of DescribeLogStreams without a name. */
function logs({ operation, body }: AwsRequest): readonly Permission[] {
  const { logGroupName, logStreamName = '' } = JSON.parse(body);
  const resource = arn('logs', `log-group:${logGroupName}:log-stream:${logStreamName}`);
  return [permission(`logs:${operation}`, resource)];
}

function parsed(body: string): Json {
  return body ? JSON.parse(body) : {};
}
