import { APIGatewayClient, GetResourcesCommand } from '@aws-sdk/client-api-gateway';
import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DescribeLoadBalancersCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { DescribeRuleCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { Json, Template } from '../../template/template.ts';
import { AWS_REGION, awsClient } from '../aws/clients.ts';
import type { DeployedStack } from './deploy.ts';
import { LOOKS } from './looks/looks.ts';
import type { Endpoint } from './parts.ts';
import { resolver } from './template.ts';

/** The values of one property of one resource: the stack's, and its service's. */
type Seen = {
  readonly id: string;
  readonly type: string;
  readonly property: string;
  readonly wanted: Json;
  readonly told: Json;
};

/**
 * Looks at every resource of a template through its own service, and returns the missing parts, by name:
 * a type that is missing, a property that all of a type lack, or one that some resource lacks.
 */
export async function missingIn(
  template: Template,
  stack: DeployedStack,
  aws: Endpoint,
  account: string,
) {
  const { resolve, isMade } = resolver(template, {
    account,
    region: AWS_REGION,
    physicalIds: named(template, stack),
    attributes: await attributes(template, stack, aws),
  });
  const seen: Seen[] = [];
  for (const [id, resource] of Object.entries(template.Resources)) {
    if (!isMade(id)) continue;
    const look = LOOKS[resource.Type];
    if (!look) throw new Error(`nothing looks at ${resource.Type}`);
    const properties = wantedOf(resolve(resource.Properties ?? {}));
    const told = await look({ id: named(template, stack)[id] ?? '', properties }, aws).catch(
      () => undefined,
    );
    for (const [property, wanted] of Object.entries(properties)) {
      seen.push({
        id,
        type: resource.Type.replace('AWS::', ''),
        property,
        wanted,
        told: told?.[property],
      });
    }
  }
  return { seen, missing: names(seen) };
}

/** The properties in the form in which services can show them: without CloudFormation's own switches, the definition with its substitutions, each variable for itself. */
function wantedOf(resolved: Json): Json {
  const { EmptyOnDelete, DefinitionString, DefinitionSubstitutions, Environment, ...rest } =
    resolved;
  if (DefinitionString) return { ...rest, Definition: substituted(resolved) };
  if (Environment?.Variables) return { ...rest, ...Environment.Variables };
  return Environment ? { ...rest, Environment } : rest;
}

function substituted({ DefinitionString, DefinitionSubstitutions }: Json): Json {
  const substitute = (_: string, name: string) => DefinitionSubstitutions[name];
  return JSON.parse(DefinitionString.replaceAll(/\$\{(\w+)\}/g, substitute));
}

function names(seen: readonly Seen[]): readonly string[] {
  const lost = (each: Seen) => !isTold(each.wanted, each.told);
  const all = (group: readonly Seen[]) => group.length > 0 && group.every(lost);
  const found = seen.filter(lost).map(({ id, type, property }) => {
    const ofType = seen.filter((each) => each.type === type);
    if (ofType.every(({ told }) => told === undefined)) return type;
    const ofProperty = ofType.filter((each) => each.property === property);
    return all(ofProperty) ? `${type}.${property}` : `${id}.${property}`;
  });
  return [...new Set(found)].sort();
}

/** Whether a service shows the wanted value; it may show more, and numbers and truths as texts. */
function isTold(wanted: Json, told: Json): boolean {
  if (Array.isArray(wanted)) return isListed(wanted, told);
  if (typeof wanted !== 'object' || wanted === null) return String(wanted) === String(told);
  if (typeof told !== 'object' || told === null) return false;
  return Object.entries(wanted).every(([name, each]) => isTold(each, told[name]));
}

/** Whether all items are in the service's list, which may have another order, or be a single value without a list. */
function isListed(wanted: readonly Json[], told: Json): boolean {
  const others = Array.isArray(told) ? told : [told];
  if (others.length !== wanted.length) return false;
  return wanted.every((each) => others.some((other: Json) => isTold(each, other)));
}

const NAMES = [
  'FunctionName',
  'LogGroupName',
  'RepositoryName',
  'DashboardName',
  'AlarmName',
  'StageName',
  'Name',
];

/** The resources' ids by logical id; where a witness made nothing, or gives no id, the name in the template or the logical id. */
function named({ Resources }: Template, { physicalIds }: DeployedStack) {
  return Object.fromEntries(
    Object.entries(Resources).map(([id, { Properties = {} }]) => {
      const name = NAMES.map((each) => Properties[each]).find((each) => typeof each === 'string');
      return [id, physicalIds[id] || name || id];
    }),
  );
}

/** The attributes that do not follow from an id. */
async function attributes(template: Template, stack: DeployedStack, aws: Endpoint) {
  const ids = named(template, stack);
  const find = new DescribeTableCommand({ TableName: ids['Registry'] });
  const { Table } = await awsClient(DynamoDBClient, aws).send(find);
  const list = new GetResourcesCommand({ restApiId: ids['Api'] });
  const { items = [] } = await awsClient(APIGatewayClient, aws).send(list);
  const balancers = new DescribeLoadBalancersCommand({ Names: ['slipway-test'] });
  const elb = awsClient(ElasticLoadBalancingV2Client, aws);
  const rule = new DescribeRuleCommand({
    Name: 'slipway-test-deployment-ended',
    EventBusName: 'slipway-test',
  });
  return {
    'LoadBalancer.DNSName': (await elb.send(balancers)).LoadBalancers?.[0]?.DNSName ?? '',
    'NotificationRule.Arn': (await awsClient(EventBridgeClient, aws).send(rule)).Arn ?? '',
    'Registry.StreamArn': Table?.LatestStreamArn ?? '',
    'Api.RootResourceId': items.find(({ path }) => path === '/')?.id ?? '',
  };
}
