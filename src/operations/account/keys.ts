import { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type DynamoApiKeys, dynamoApiKeys } from '#adapters/aws/keys/dynamo-api-keys.ts';
import { systemClock } from '#adapters/clocks.ts';
import { type AwsAccount, clientSettings } from './clients.ts';
import { findStackIfAny, type SlipwayStack } from './stack.ts';

/** Moves the API keys that an earlier release has left in one partition, once the stack can read the others. */
export async function moveKeys(account: AwsAccount): Promise<void> {
  const stack = await findStackIfAny(account);
  if (stack) await accountKeys(account, stack).move();
}

/** The API keys of an account's Slipway. */
export function accountKeys(account: AwsAccount, { outputs }: SlipwayStack): DynamoApiKeys {
  const settings = clientSettings(account);
  return dynamoApiKeys({
    client: new DynamoDBClient(settings),
    gateway: new APIGatewayClient(settings),
    table: outputs.Table,
    usagePlan: outputs.UsagePlan,
    stage: account.stage,
    clock: systemClock,
    isSpread: outputs.KeyPartitions !== undefined,
  });
}
