import { GetResourcesCommand } from '@aws-sdk/client-api-gateway';
import { DescribeRulesCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { GetAliasCommand, GetPolicyCommand } from '@aws-sdk/client-lambda';
import { absentIfNotFound } from '#adapters/aws/absent.ts';
import { ALIASES } from '#adapters/aws/lambda/model-function.ts';
import { mechanismAt } from '#adapters/aws/routes/integration.ts';
import type { restApiRouterWorld } from './rest-api-router.ts';

type World = Awaited<ReturnType<typeof restApiRouterWorld>>;

/** Everything that a router has made for a model, and where its requests go; without the values that differ between runs: ids, moments and counts of writes. */
export async function routerInventory(world: World, model: string) {
  const { records, served } = world;
  return {
    drafted: await drafted(world),
    served: [...served].map(([path, to]) => `${path} ${mechanismAt(to)}`).sort(),
    aliases: await Promise.all(Object.values(ALIASES).map((name) => alias(world, model, name))),
    rules: await rules(world),
    records: (await records.all()).map(({ serves, move, left, containers }) => ({
      serves,
      move,
      left,
      containers: containers && { shares: containers.shares, isApplied: containers.isApplied },
    })),
  };
}

async function drafted({ api, apiGateway }: World): Promise<readonly string[]> {
  const command = new GetResourcesCommand({ restApiId: api.id, embed: ['methods'] });
  const { items = [] } = await apiGateway().send(command);
  return items
    .map(({ path = '', resourceMethods }) => {
      const to = resourceMethods?.['ANY']?.methodIntegration;
      return `${path} ${to ? mechanismAt(to) : ''}`.trim();
    })
    .sort();
}

/** The versions that an alias leads to, and how often the API has permission to call it. */
async function alias({ lambda, functions }: World, model: string, Name: string) {
  const FunctionName = functions.prefix + model;
  const client = lambda();
  const found = await client
    .send(new GetAliasCommand({ FunctionName, Name }))
    .catch(absentIfNotFound);
  if (!found) return null;
  const { Policy = '{}' } =
    (await client
      .send(new GetPolicyCommand({ FunctionName, Qualifier: Name }))
      .catch(absentIfNotFound)) ?? {};
  const { Statement = [] } = JSON.parse(Policy);
  return {
    version: found.FunctionVersion,
    weights: found.RoutingConfig?.AdditionalVersionWeights ?? {},
    permissions: Statement.map(({ Sid }: { readonly Sid: string }) => Sid),
  };
}

async function rules({ elb, containers }: World): Promise<readonly string[]> {
  const ListenerArn = containers.front.listener;
  const { Rules = [] } = await elb().send(new DescribeRulesCommand({ ListenerArn }));
  const revisions = new Map([...containers.groups].map(([revision, arn]) => [arn, revision]));
  return Rules.filter(({ IsDefault }) => !IsDefault).map(({ Priority, Actions = [] }) => {
    const groups = Actions[0]?.ForwardConfig?.TargetGroups ?? [];
    const weights = groups.map(
      ({ TargetGroupArn = '', Weight }) => `${revisions.get(TargetGroupArn)}: ${Weight}`,
    );
    return `${Priority} ${weights.sort().join(', ')}`;
  });
}
