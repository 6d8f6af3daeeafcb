import { randomBytes } from 'node:crypto';
import type { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dynamoFindKey, KEYS, keyIn, keyPosition } from '#adapters/aws/keys/authorizer-keys.ts';
import { usagePlanKeys } from '#adapters/aws/keys/usage-plan-keys.ts';
import { newKey } from '#domain/api-key.ts';
import type { ApiKeys } from '#ports/api-keys.ts';
import type { Clock } from '#ports/clock.ts';
import { dynamoTable } from './dynamo-table.ts';

type Options = {
  readonly client: DynamoDBClient;
  readonly gateway: APIGatewayClient;
  readonly table: string;
  readonly usagePlan: string;
  readonly stage: string;
  readonly clock: Clock;
};

const KEY_BYTES = 32;
// Far longer than creating a key takes.
const LEFT_OVER_MS = 60 * 60 * 1000;

/**
 * A key consists of a record in the table, which the authorizer looks up, and an API Gateway key on the usage plan.
 * The record is written last and deleted first, so a crash in between only leaves an API Gateway key that nobody can use. The next `create` or `revoke` deletes it; `list` does not, since its callers may only have read access.
 */
export function dynamoApiKeys(options: Options): ApiKeys {
  const { client, gateway, usagePlan, stage, clock } = options;
  const table = dynamoTable(client, options.table);
  const plan = usagePlanKeys({ gateway, usagePlan, prefix: `slipway-${stage}-` });
  const list = async () => (await table.all({ pk: KEYS })).map(keyIn).toSorted(byAge);

  async function removeLeftovers(revoked?: string): Promise<void> {
    const known = new Set((await list()).map(({ id }) => id));
    for (const key of await plan.all()) {
      const isOld = key.createdAtMs < clock.now() - LEFT_OVER_MS;
      if (!known.has(key.id) && (isOld || key.id === revoked)) await plan.remove(key);
    }
  }

  return {
    find: dynamoFindKey(client, options.table),
    list,

    async create(name, models) {
      const about = { name, models, createdAtMs: clock.now() };
      const { key, hash, record } = await newKey(randomBytes(KEY_BYTES), about);
      await removeLeftovers();
      await plan.add(record.id, hash);
      const row = { ...keyPosition(hash), record: { S: JSON.stringify(record) } };
      await table.writeTogether([{ kind: 'put', row }]);
      return { key, record };
    },

    async revoke(id) {
      for (const row of await table.all({ pk: KEYS })) {
        if (keyIn(row).id === id) await table.remove(keyPosition(row['sk']?.S ?? ''));
      }
      await removeLeftovers(id);
    },
  };
}

function byAge(a: { readonly createdAtMs: number }, b: { readonly createdAtMs: number }): number {
  return a.createdAtMs - b.createdAtMs;
}
