import { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dynamoApiKeys } from '#adapters/aws/registry/dynamo-api-keys.ts';
import { systemClock } from '#compose/clocks.ts';
import type { ApiKeys } from '#ports/api-keys.ts';
import { type AwsAccount, clientSettings } from './clients.ts';
import type { SlipwayStack } from './stack.ts';

/** The API keys of an account's Slipway. */
export function accountKeys(account: AwsAccount, { outputs }: SlipwayStack): ApiKeys {
  const settings = clientSettings(account);
  return dynamoApiKeys({
    client: new DynamoDBClient(settings),
    gateway: new APIGatewayClient(settings),
    table: outputs.Table,
    usagePlan: outputs.UsagePlan,
    stage: account.stage,
    clock: systemClock,
  });
}
