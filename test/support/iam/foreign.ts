import { list, type Statement } from '../../template/template.ts';
import { AWS_ACCOUNT, AWS_REGION } from '../aws/clients.ts';
import { type Permission, permission } from './permission.ts';
import type { IamSimulator } from './simulator.ts';

/** Needs no permission. https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
const ALWAYS_ALLOWED = 'sts:GetCallerIdentity';

const SERVICES = [
  'apigateway',
  'application-autoscaling',
  'codebuild',
  'dynamodb',
  'ecr',
  'ecs',
  'elasticloadbalancing',
  'events',
  'iam',
  'kms',
  'lambda',
  'logs',
  's3',
  'secretsmanager',
  'sqs',
  'states',
  'sts',
];

/** Every action of these services that a role is not granted, on our resource to which the action could apply. */
export async function otherActions(
  simulator: IamSimulator,
  statements: readonly Statement[],
  own: Readonly<Record<string, string>>,
): Promise<readonly Permission[]> {
  const granted = new Set([
    ALWAYS_ALLOWED,
    ...statements.filter(({ Effect }) => Effect === 'Allow').flatMap(({ Action }) => list(Action)),
  ]);
  const of = SERVICES.map(async (service) => {
    const names = await simulator.actionsOf(service);
    const others = names.filter((name) => !granted.has(`${service}:${name}`));
    return Promise.all(
      others.map(async (name) =>
        permission(`${service}:${name}`, await ownResource(simulator, service, name, own)),
      ),
    );
  });
  return (await Promise.all(of)).flat();
}

/** One that an action works on, named as one of ours where there is one of its type. */
async function ownResource(
  simulator: IamSimulator,
  service: string,
  name: string,
  own: Readonly<Record<string, string>>,
): Promise<string> {
  const { resourceTypes } = await simulator.action(service, name);
  const type = resourceTypes.find((each) => own[`${service}:${each.name}`]) ?? resourceTypes[0];
  if (!type) return '*';
  const pattern = own[`${service}:${type.name}`] ?? (await simulator.arnOf(service, type.name));
  return pattern
    .replaceAll(/\$\{Partition\}/g, 'aws')
    .replaceAll(/\$\{Region\}/g, AWS_REGION)
    .replaceAll(/\$\{Account\}/g, AWS_ACCOUNT)
    .replaceAll(/\$\{\w+\}/g, 'x');
}

/** The same call on a resource of another stage, or for another purpose than it is meant for; `names` are those of this stage and their replacements. */
export function onForeign(
  { action, resource, context }: Permission,
  names: Readonly<Record<string, string>>,
): readonly Permission[] {
  if (resource === '*') return [];
  // Streams are named by functions, and read by their group.
  const [owner = '', ...stream] = resource.split(':log-stream:');
  const renamed = Object.entries(names).map(([from, to]) =>
    [owner.replace(from, to), ...stream].join(':log-stream:'),
  );
  const moved = [
    resource.replace(AWS_ACCOUNT, '999999999999'),
    resource.replace(AWS_REGION, 'eu-west-1'),
  ];
  const elsewhere = [...renamed, ...moved].filter((each) => each !== resource);
  return [
    ...elsewhere.map((each) => permission(action, each, context)),
    ...OTHER_CONTEXTS.filter((other) => Object.keys(other).every((key) => context[key])).map(
      (other) => permission(action, resource, other),
    ),
  ];
}

const OTHER_CONTEXTS: readonly Permission['context'][] = [
  { 'iam:PassedToService': 'glue.amazonaws.com' },
  { 'aws:ResourceTag/slipway:stage': 'other' },
  { 'aws:RequestTag/slipway:stage': 'other' },
  { 'ecs:cluster': `arn:aws:ecs:${AWS_REGION}:${AWS_ACCOUNT}:cluster/other` },
  { 'lambda:Principal': '*' },
  { 'lambda:Principal': '999999999999' },
  { 'dynamodb:LeadingKeys': ['KEYS', 'MODELS', 'API', 'OUTBOX', 'UNENDED'] },
];
