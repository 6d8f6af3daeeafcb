import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { bounded } from '#adapters/aws/bounded.ts';
import type { Judgement } from '#domain/comparison/judgement.ts';
import type { Deployment, ModelVersion } from '#domain/deployment.ts';
import type { NotedStart } from '#domain/placement/noted-start.ts';
import { MOST_STARTS } from '#domain/placement/noted-start.ts';
import type { DeploymentRecord, ModelRecord } from '#domain/registry/write.ts';
import { registryWrites } from '#domain/registry/writes.ts';
import type { Clock } from '#ports/clock.ts';
import type { Registry } from '#ports/registry.ts';
import { dynamoEvents } from './dynamo-events.ts';
import {
  deploymentKey,
  judgementKey,
  MODELS,
  modelKey,
  recordIn,
  SIGHTINGS,
  startsOf,
  UNENDED,
  versionsOf,
} from './dynamo-items.ts';
import type { Partition } from './dynamo-query.ts';
import { type DynamoTable, dynamoTable, type Key } from './dynamo-table.ts';
import { dynamoWrite } from './dynamo-write.ts';

type Options = {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly clock: Clock;
};

const READS_AT_ONCE = 10;

/** The registry in one table with the partition key `pk` and the sort key `sk`. */
export function dynamoRegistry({ client, table: name, clock }: Options): Registry {
  const table = dynamoTable(client, name);

  async function find<Record>(key: Key): Promise<Record | undefined> {
    const row = await table.get(key);
    return row && recordIn(row);
  }

  async function all<Record>(partition: Partition): Promise<readonly Record[]> {
    return (await table.all(partition)).map((row) => recordIn(row));
  }

  const deployment = async (id: string) =>
    (await find<DeploymentRecord>(deploymentKey(id)))?.deployment;

  return {
    ...registryWrites(dynamoWrite(table, clock)),
    ...dynamoEvents(table),
    deployment,
    model: async (model) => (await find<ModelRecord>(modelKey(model)))?.model,
    models: async () => (await all<ModelRecord>({ pk: MODELS })).map(({ model }) => model),
    versions: (model) => all<ModelVersion>({ pk: versionsOf(model), isNewestFirst: true }),
    judgement: (model, pair) => find<Judgement>(judgementKey(model, pair)),
    starts: (runtime) =>
      all<NotedStart>({ pk: startsOf(runtime), isNewestFirst: true, limit: MOST_STARTS }),
    sighted: (resources) => sighted(table, resources, clock.now()),
    async unended() {
      const rows = await table.all({ pk: UNENDED });
      const ids = rows.map((row) => row['deploymentId']?.S ?? '');
      const found = (await bounded(ids, READS_AT_ONCE, deployment)).filter(isUnended);
      // Their rows are by counter.
      return found.toSorted((one, other) => one.admittedAtMs - other.admittedAtMs);
    },
  };
}

/** One row for all, since concurrent sweeps see the same resources. */
async function sighted(
  table: DynamoTable,
  resources: readonly string[],
  nowMs: number,
): Promise<ReadonlyMap<string, number>> {
  const row = await table.get(SIGHTINGS);
  const known: ReadonlyMap<string, number> = new Map(row ? recordIn(row) : []);
  const kept = resources.map((resource) => [resource, known.get(resource) ?? nowMs] as const);
  const record = { S: JSON.stringify(kept) };
  await table.writeTogether([{ kind: 'put', row: { ...SIGHTINGS, record } }]);
  return new Map(kept);
}

/** A deployment may have ended between the reads of the list and of the deployment. */
function isUnended(deployment: Deployment | undefined): deployment is Deployment {
  return deployment?.endedAtMs === null;
}
