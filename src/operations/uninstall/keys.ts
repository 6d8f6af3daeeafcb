import { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import { usagePlanKeys } from '#adapters/aws/keys/usage-plan-keys.ts';
import { type AwsAccount, clientSettings } from '#operations/account/clients.ts';
import { accountKeys } from '#operations/account/keys.ts';
import type { Parts } from './parts.ts';
import { type Removal, unlessGone } from './removal.ts';

/** The removals of the API keys in the table, each of which is also a key in API Gateway, and of those that only API Gateway still has. No stack owns them. */
export async function removalsOfKeys(
  account: AwsAccount,
  parts: Parts,
): Promise<readonly Removal[]> {
  const keys = accountKeys(account, parts);
  const found = (parts.outputs.Table && (await unlessGone(() => keys.list()))) || [];
  const known = new Set(found.map(({ id }) => id));
  const gateway = new APIGatewayClient(clientSettings(account));
  const prefix = `slipway-${account.stage}-`;
  const plan = usagePlanKeys({ gateway, usagePlan: parts.outputs.UsagePlan, prefix });
  const unknown = (await plan.all()).filter(({ id }) => !known.has(id));
  return [
    ...found.map(({ id, name }) => ({
      what: `the key ${id} (${name})`,
      remove: () => keys.revoke(id),
    })),
    ...unknown.map((key) => ({
      what: `the key ${key.id} of API Gateway, which the table does not know`,
      remove: () => plan.remove(key),
    })),
  ];
}
