import type { AwsAccount } from '#compose/account/clients.ts';
import { accountKeys } from '#compose/account/keys.ts';
import type { SlipwayStack } from '#compose/account/stack.ts';
import { type Removal, unlessGone } from './removal.ts';

/** The removals of the API keys in the table; each is also a key in API Gateway, which no stack owns. */
export async function removalsOfKeys(
  account: AwsAccount,
  stack: SlipwayStack,
): Promise<readonly Removal[]> {
  const keys = accountKeys(account, stack);
  const found = (await unlessGone(() => keys.list())) ?? [];
  return found.map(({ id, name }) => ({
    what: `the key ${id} (${name})`,
    remove: () => keys.revoke(id),
  }));
}
