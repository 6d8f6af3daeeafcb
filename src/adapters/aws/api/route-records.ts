import { randomUUID } from 'node:crypto';
import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { translated } from '#adapters/aws/failures.ts';
import { dynamoTable, type Key } from '#adapters/aws/registry/dynamo-table.ts';
import { Failure, failureName } from '#domain/failure.ts';
import { MECHANISMS, type Mechanism } from '#domain/placement/target.ts';

const integration = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('function'), aliasArn: z.string() }),
  z.object({ kind: z.literal('streaming-function'), aliasArn: z.string() }),
  z.object({ kind: z.literal('container') }),
]);

const side = z.object({
  mechanism: z.enum(MECHANISMS),
  hasServed: z.boolean(),
});

type Side = Readonly<z.infer<typeof side>>;

const recorded = z.object({
  /** Where the API's stage sends the model's requests; null before its first route. */
  serves: z.nullable(integration),
  /** A move in progress, and the API's deployment when it began: a different one means that the move was made. */
  move: z.nullable(z.object({ to: integration, over: z.string() })),
  movedAtMs: z.number(),
  /** The other mechanisms, while any of them exists; `hasServed` unless clients never reached it. Records from before there were three name one, or null. */
  left: z.pipe(
    z.union([z.array(side), z.nullable(side)]),
    z.transform((left): readonly Side[] => (Array.isArray(left) ? left : left ? [left] : [])),
  ),
  /** The shares last written to the load balancer; until `isApplied` its rule may still have the previous ones. */
  containers: z.nullable(
    z.object({
      shares: z.record(z.string(), z.number()),
      isApplied: z.boolean(),
      changedAtMs: z.number(),
    }),
  ),
});

/** Where the API sends a model's requests. */
export type Integration = z.infer<typeof integration>;

/** The state of a model's route that AWS does not store, or stores without compare-and-set. `rev` counts its writes; 0 means none yet. */
export type RouteRecord = Readonly<z.output<typeof recorded>> & {
  readonly model: string;
  readonly rev: number;
};

export type RouteRecords = {
  read(model: string): Promise<RouteRecord>;
  all(): Promise<readonly RouteRecord[]>;
  /** Returns what it wrote. Fails with `SharesChanged` when the record has changed since it was read. */
  write(record: RouteRecord): Promise<RouteRecord>;
  /** Changes the newest record; a `change` that returns its argument writes nothing. */
  update(model: string, change: (record: RouteRecord) => RouteRecord): Promise<RouteRecord>;
  /** Idempotent. */
  remove(model: string): Promise<void>;
};

export type RouteRecordsOptions = {
  readonly dynamo: DynamoDBClient;
  readonly table: string;
  readonly api: string;
};

/** The mechanism that holds the model's shares. */
export function served({ serves, move }: RouteRecord): Mechanism {
  return (serves ?? move?.to)?.kind ?? 'function';
}

const NOTHING = { serves: null, move: null, movedAtMs: 0, left: [], containers: null } as const;
const UPDATES = 5;

/** One item per model in the registry's table. */
export function routeRecords(options: RouteRecordsOptions): RouteRecords {
  const table = dynamoTable(options.dynamo, options.table);
  const pk = `ROUTE#${options.api}`;
  const keyOf = (model: string): Key => ({ pk: { S: pk }, sk: { S: model } });

  async function read(model: string): Promise<RouteRecord> {
    const row = await table.get(keyOf(model));
    return row ? recordOf(row) : { ...NOTHING, model, rev: 0 };
  }

  async function update(
    model: string,
    change: (record: RouteRecord) => RouteRecord,
    left = UPDATES,
  ): Promise<RouteRecord> {
    const record = await read(model);
    const changed = change(record);
    if (changed === record) return record;
    return write(options, keyOf(model), changed).catch((error: unknown) => {
      if (failureName(error) !== 'SharesChanged' || left === 0) throw error;
      return update(model, change, left - 1);
    });
  }

  return {
    read,
    all: async () => (await table.all({ pk })).map(recordOf),
    write: (record) => write(options, keyOf(record.model), record),
    update: (model, change) => update(model, change),
    remove: (model) => table.remove(keyOf(model)),
  };
}

type Row = Readonly<Record<string, { readonly S?: string; readonly N?: string }>>;

function recordOf(row: Row): RouteRecord {
  const content = recorded.parse(JSON.parse(row['route']?.S ?? '{}'));
  return { ...content, model: row['sk']?.S ?? '', rev: Number(row['rev']?.N) };
}

async function write(
  { dynamo, table }: RouteRecordsOptions,
  key: Key,
  record: RouteRecord,
): Promise<RouteRecord> {
  const { model, rev, ...content } = record;
  const writer = randomUUID();
  const command = new PutItemCommand({
    TableName: table,
    Item: {
      ...key,
      route: { S: JSON.stringify(content) },
      rev: { N: String(rev + 1) },
      writer: { S: writer },
    },
    ConditionExpression: rev === 0 ? 'attribute_not_exists(pk)' : 'rev = :rev',
    ...(rev === 0 ? {} : { ExpressionAttributeValues: { ':rev': { N: String(rev) } } }),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  });
  await translated(() =>
    dynamo.send(command).catch((error: unknown) => {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      // The SDK retried after a response was lost.
      if (error.Item?.['writer']?.S === writer) return;
      const reason = `somebody else has changed the route of ${model}`;
      throw new Failure('SharesChanged', reason, { cause: error });
    }),
  );
  return { ...record, rev: rev + 1 };
}
