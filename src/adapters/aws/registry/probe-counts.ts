import { type DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { translated } from '#adapters/aws/failures.ts';
import { minuteOf } from '#adapters/aws/logs/metric-sums.ts';
import { LEARNT_DAYS } from '#domain/placement/learnt.ts';
import type { Clock } from '#ports/clock.ts';
import { key } from './dynamo-items.ts';
import { dynamoTable } from './dynamo-table.ts';

/** Where CloudWatch counts a request: for the aliases of a model's function, or for the target group of a container's revision. */
export type CountedAt = {
  readonly model: string;
  readonly at: 'function' | { readonly revision: string };
};

/** The requests that Slipway itself has sent where clients' requests are counted, by the minute. Calls fail as `translated` does. */
export type ProbeCounts = {
  /** Counts a request that is sent now. */
  add(counted: CountedAt): Promise<void>;
  /** The counts of the minutes (epoch ms) from one on. */
  minutes(counted: CountedAt, sinceMs: number): Promise<ReadonlyMap<number, number>>;
};

type Options = {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly clock: Pick<Clock, 'now'>;
};

const KEPT_SECONDS = (LEARNT_DAYS + 1) * 86_400;

/** A row for each minute, in the registry's table. No client and no model can write one, as they could a metric. */
export function dynamoProbeCounts({ client, table, clock }: Options): ProbeCounts {
  return {
    async add(counted) {
      const nowMs = clock.now();
      const { pk, prefix } = rowsOf(counted);
      const update = new UpdateItemCommand({
        TableName: table,
        Key: key(pk, prefix + timeOf(minuteOf(nowMs))),
        UpdateExpression: 'ADD probes :one SET expiresAt = :end',
        ExpressionAttributeValues: {
          ':one': { N: '1' },
          ':end': { N: String(Math.floor(nowMs / 1000) + KEPT_SECONDS) },
        },
      });
      await translated(() => client.send(update));
    },
    async minutes(counted, sinceMs) {
      const { pk, prefix } = rowsOf(counted);
      const between = [prefix + timeOf(minuteOf(sinceMs)), `${prefix}~`] as const;
      const rows = await dynamoTable(client, table).all({ pk, between });
      return new Map(
        rows.map(({ sk, probes }) => [
          Date.parse(String(sk?.S).slice(prefix.length)),
          Number(probes?.N),
        ]),
      );
    },
  };
}

function rowsOf({ model, at }: CountedAt) {
  return { pk: `PROBES#${model}`, prefix: `${at === 'function' ? at : at.revision}#` };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
