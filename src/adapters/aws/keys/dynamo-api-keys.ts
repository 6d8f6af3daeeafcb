import { randomBytes } from 'node:crypto';
import type { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import { type DynamoDBClient, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  dynamoFindKey,
  KEY_PARTITIONS,
  keyIn,
  keyPosition,
  OLD_KEYS,
  oldKeyPosition,
} from '#adapters/aws/keys/authorizer-keys.ts';
import { usagePlanKeys } from '#adapters/aws/keys/usage-plan-keys.ts';
import { dynamoTable } from '#adapters/aws/registry/dynamo-table.ts';
import { newKey } from '#domain/api-key.ts';
import type { ApiKeys } from '#ports/api-keys.ts';
import type { Clock } from '#ports/clock.ts';

type Options = {
  readonly client: DynamoDBClient;
  readonly gateway: APIGatewayClient;
  readonly table: string;
  readonly usagePlan: string;
  readonly stage: string;
  readonly clock: Clock;
  /** Whether the stack's authorizer reads several partitions: else all keys stay in one. */
  readonly isSpread: boolean;
};

export type DynamoApiKeys = ApiKeys & {
  /** Moves the keys of releases before out of their one partition; nothing where the stack still reads that alone. Each is found at any moment. */
  move(): Promise<void>;
};

const KEY_BYTES = 32;
// Far longer than creating a key takes.
const LEFT_OVER_MS = 60 * 60 * 1000;

/**
 * A key consists of a record in the table, which the authorizer looks up, and an API Gateway key on the usage plan.
 * The record is written last and deleted first, so a crash in between only leaves an API Gateway key that nobody can use. The next `create` or `revoke` deletes it; `list` does not, since its callers may only have read access.
 * Records are spread over partitions. Earlier releases kept them in one, from which `create` and `revoke` move them, once the stack's authorizer reads the others.
 */
export function dynamoApiKeys(options: Options): DynamoApiKeys {
  const { client, gateway, usagePlan, stage, clock, isSpread } = options;
  const table = dynamoTable(client, options.table);
  const plan = usagePlanKeys({ gateway, usagePlan, prefix: `slipway-${stage}-` });

  async function list() {
    // The old one first: a key that is moved meanwhile is listed twice then, and not missed.
    const old = await table.all({ pk: OLD_KEYS });
    const spread = await Promise.all(KEY_PARTITIONS.map((pk) => table.all({ pk })));
    const keys = [...old, ...spread.flat()].map((row) => [row['sk']?.S ?? '', keyIn(row)] as const);
    return [...new Map(keys)].toSorted(([, one], [, other]) => one.createdAtMs - other.createdAtMs);
  }

  async function move(): Promise<void> {
    if (!isSpread) return;
    for (const row of await table.all({ pk: OLD_KEYS })) {
      const hash = row['sk']?.S ?? '';
      const put = { kind: 'put', row: { ...row, ...keyPosition(hash) } } as const;
      const removal = { kind: 'remove', key: oldKeyPosition(hash), mustExist: true } as const;
      await table.writeTogether([put, removal]).catch(passIfGone);
    }
  }

  async function removeLeftovers(revoked?: string): Promise<void> {
    const known = new Set((await list()).map(([, { id }]) => id));
    for (const key of await plan.all()) {
      const isOld = key.createdAtMs < clock.now() - LEFT_OVER_MS;
      if (!known.has(key.id) && (isOld || key.id === revoked)) await plan.remove(key);
    }
  }

  return {
    find: dynamoFindKey(client, options.table),
    move,
    list: async () => (await list()).map(([, key]) => key),

    async create(name, models, limits) {
      const about = { name, models, createdAtMs: clock.now(), ...limits };
      const { key, hash, record } = await newKey(randomBytes(KEY_BYTES), about);
      await move();
      await removeLeftovers();
      await plan.add(record.id, hash);
      const position = isSpread ? keyPosition(hash) : oldKeyPosition(hash);
      const row = { ...position, record: { S: JSON.stringify(record) } };
      await table.writeTogether([{ kind: 'put', row }]);
      return { key, record };
    },

    async revoke(id) {
      for (const [hash, key] of await list()) {
        if (key.id !== id) continue;
        // Both at once: somebody may be moving it from one to the other.
        await table.writeTogether([
          { kind: 'remove', key: keyPosition(hash) },
          { kind: 'remove', key: oldKeyPosition(hash) },
        ]);
      }
      await move();
      await removeLeftovers(id);
    },
  };
}

/** Somebody else has moved or revoked the key. */
function passIfGone(error: unknown): void {
  if (!(error instanceof TransactionCanceledException)) throw error;
}
