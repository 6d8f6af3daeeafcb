import type { Json, Template } from '../../template/template.ts';

/** The place of a stack: its account and region, and the physical id of each of its resources. */
export type Place = {
  readonly account: string;
  readonly region: string;
  /** By default `aws`. */
  readonly partition?: string;
  readonly physicalIds: Readonly<Record<string, string>>;
  /** Attributes that do not follow from a physical id, by `Id.Attribute`. */
  readonly attributes?: Readonly<Record<string, string>>;
};

/** Resolves a template's values for an existing stack; `AWS::NoValue` is left out. */
export function resolver({ Resources, Parameters, Conditions }: Template, place: Place) {
  const pseudo: Readonly<Record<string, string>> = {
    'AWS::AccountId': place.account,
    'AWS::Region': place.region,
    'AWS::Partition': place.partition ?? 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackName': 'slipway-test',
  };

  function ref(id: string): string {
    const given = pseudo[id] ?? Parameters[id]?.Default ?? place.physicalIds[id];
    if (given === undefined) throw new Error(`the stack has no ${id}`);
    return String(given);
  }

  function attribute(id: string, name: string): string {
    const known = place.attributes?.[`${id}.${name}`];
    if (known !== undefined) return known;
    const of = ATTRIBUTES[`${Resources[id]?.Type}.${name}`];
    if (!of) throw new Error(`${id} has no attribute ${name} here`);
    return of(ref(id), place);
  }

  function sub(text: string, variables: Json): string {
    return text.replaceAll(/\$\{([^!}][^}]*)\}/g, (_, name: string) => {
      if (variables[name] !== undefined) return String(resolve(variables[name]));
      const [id = '', ...rest] = name.split('.');
      return rest.length > 0 ? attribute(id, rest.join('.')) : ref(id);
    });
  }

  function isTrue(condition: Json): boolean {
    if (typeof condition === 'string') return isTrue(Conditions[condition]);
    if (condition.Condition) return isTrue(condition.Condition);
    if (condition['Fn::Or']) return condition['Fn::Or'].some(isTrue);
    if (condition['Fn::And']) return condition['Fn::And'].every(isTrue);
    if (condition['Fn::Not']) return !isTrue(condition['Fn::Not'][0]);
    const [left, right] = condition['Fn::Equals'].map(resolve);
    return left === right;
  }

  const functions: Readonly<Record<string, (given: Json) => Json>> = {
    Ref: (id) => (id === 'AWS::NoValue' ? undefined : ref(id)),
    'Fn::GetAtt': ([id, name]) => attribute(id, name),
    'Fn::Sub': (given) => (Array.isArray(given) ? sub(given[0], given[1]) : sub(given, {})),
    'Fn::Join': ([between, parts]) => parts.map(resolve).join(between),
    'Fn::If': ([condition, yes, no]) => resolve(isTrue(condition) ? yes : no),
    'Fn::Select': ([index, values]) => resolve(values)[index],
    'Fn::GetAZs': () => ['a', 'b', 'c'].map((zone) => `${place.region}${zone}`),
  };

  function call(name: string, given: Json): Json {
    const resolved = functions[name];
    if (!resolved) throw new Error(`${name} is not known here`);
    return resolved(given);
  }

  function resolve(value: Json): Json {
    if (Array.isArray(value)) return value.map(resolve).filter((each) => each !== undefined);
    if (typeof value !== 'object' || value === null) return value;
    const [first, ...others] = Object.entries(value);
    if (first && others.length === 0 && /^(?:Ref|Fn::.*)$/.test(first[0])) return call(...first);
    const entries = Object.entries(value).map(([name, each]) => [name, resolve(each)]);
    return Object.fromEntries(entries.filter(([, each]) => each !== undefined));
  }

  return {
    resolve,
    /** Whether a resource is made: it has no condition, or one that holds. */
    isMade: (id: string) => isTrue(Resources[id]?.Condition ?? { 'Fn::Equals': ['', ''] }),
  };
}

type Attribute = (physicalId: string, place: Place) => string;

const inRegion =
  (service: string, resource: (id: string) => string): Attribute =>
  (id, { region, account }) =>
    `arn:aws:${service}:${region}:${account}:${resource(id)}`;
const last = (id: string) => id.split('/').at(-1) ?? '';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/, "Return values" of each type */
const ATTRIBUTES: Readonly<Record<string, Attribute>> = {
  'AWS::DynamoDB::Table.Arn': inRegion('dynamodb', (id) => `table/${id}`),
  'AWS::DynamoDB::Table.StreamArn': inRegion('dynamodb', (id) => `table/${id}/stream/2026`),
  'AWS::S3::Bucket.Arn': (id) => `arn:aws:s3:::${id}`,
  'AWS::ECS::Cluster.Arn': inRegion('ecs', (id) => `cluster/${id}`),
  'AWS::Events::Rule.Arn': inRegion('events', (id) => `rule/${id}`),
  'AWS::Events::EventBus.Arn': inRegion('events', (id) => `event-bus/${id}`),
  'AWS::Events::EventBus.Name': (id) => id,
  'AWS::KinesisFirehose::DeliveryStream.Arn': inRegion('firehose', (id) => `deliverystream/${id}`),
  'AWS::ElasticLoadBalancingV2::LoadBalancer.LoadBalancerFullName': (arn) =>
    arn.split(':loadbalancer/')[1] ?? '',
  'AWS::SQS::Queue.Arn': inRegion('sqs', last),
  'AWS::SQS::Queue.QueueName': last,
  'AWS::ECR::Repository.Arn': inRegion('ecr', (id) => `repository/${id}`),
  'AWS::ECR::Repository.RepositoryUri': (id, { account, region }) =>
    `${account}.dkr.ecr.${region}.amazonaws.com/${id}`,
  'AWS::Logs::LogGroup.Arn': inRegion('logs', (id) => `log-group:${id}:*`),
  'AWS::Lambda::Function.Arn': inRegion('lambda', (id) => `function:${id}`),
  'AWS::IAM::InstanceProfile.Arn': (id, { account }) =>
    `arn:aws:iam::${account}:instance-profile/${last(id)}`,
  'AWS::IAM::Role.Arn': (id, { account }) => `arn:aws:iam::${account}:role/${id}`,
};
