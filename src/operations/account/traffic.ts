import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { cloudWatchDemand } from '#adapters/aws/metrics/cloudwatch-demand.ts';
import { cloudWatchTraffic } from '#adapters/aws/metrics/cloudwatch-traffic.ts';
import { dynamoProbeCounts } from '#adapters/aws/registry/probe-counts.ts';
import { systemClock } from '#adapters/clocks.ts';
import type { Traffic } from '#control/models.ts';
import type { Model, Shares } from '#domain/deployment.ts';
import type { DemandHistory } from '#ports/demand-history.ts';
import type { MadeRevision } from '#ports/metrics.ts';
import type { Registry } from '#ports/registry.ts';
import { type AwsAccount, clientSettings } from './clients.ts';
import { accountContainers, accountRouter } from './router.ts';
import type { SlipwayStack } from './stack.ts';

// Each has up to five metrics, of which AWS charges for every one that is asked for.
const MOST_REVISIONS = 4;

/** How the requests of models went, by CloudWatch, and how the router shares them now. */
export function accountTraffic(account: AwsAccount, stack: SlipwayStack, registry: Registry) {
  const settings = clientSettings(account);
  const lambda = new LambdaClient(settings);
  const router = accountRouter(account, stack, lambda);
  const options = {
    cloudWatch: new CloudWatchClient(settings),
    lambda,
    functionPrefix: stack.outputs.FunctionPrefix,
    containers: accountContainers(account, stack),
    clock: systemClock,
  };

  return async (model: Model, minutes: number): Promise<Traffic> => {
    const shares: Shares = await router.shares(model.name);
    const made = await madeRevisions(registry, model, shares);
    const history = await cloudWatchTraffic(options, made, minutes);
    const now = Object.entries(shares).map(([revision, share]) => ({
      revision,
      share,
      memoryMiB: null,
    }));
    return { ...history, now };
  };
}

/** The requests that the models of an account got, by CloudWatch. */
export function accountDemand(account: AwsAccount, stack: SlipwayStack): DemandHistory {
  return cloudWatchDemand({
    cloudWatch: new CloudWatchClient(clientSettings(account)),
    functionPrefix: stack.outputs.FunctionPrefix,
    containers: accountContainers(account, stack),
    clock: systemClock,
    probes: dynamoProbeCounts({
      client: new DynamoDBClient(clientSettings(account)),
      table: stack.outputs.Table,
      clock: systemClock,
    }),
  });
}

/** The revisions that get requests go before those that went live last. */
async function madeRevisions(
  registry: Registry,
  { name, newestDeploymentId }: Model,
  shares: Shares,
): Promise<readonly MadeRevision[]> {
  const [versions, newest] = await Promise.all([
    registry.versions(name),
    registry.deployment(newestDeploymentId),
  ]);
  const candidate = newest?.work.candidate;
  const made = [
    ...(candidate ? [candidate] : []),
    ...versions.map((version) => ({ ...version, madeBy: version.deploymentId })),
  ];
  const first = new Map(made.toReversed().map((each) => [each.revision, each]));
  return [...first.values()]
    .toReversed()
    .toSorted((one, other) => Number(other.revision in shares) - Number(one.revision in shares))
    .slice(0, MOST_REVISIONS);
}
