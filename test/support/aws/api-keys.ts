import { randomUUID } from 'node:crypto';
import {
  APIGatewayClient,
  CreateUsagePlanCommand,
  GetApiKeysCommand,
  GetUsagePlanKeysCommand,
} from '@aws-sdk/client-api-gateway';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dynamoApiKeys } from '#adapters/aws/keys/dynamo-api-keys.ts';
import { fakeClock } from '../clock/fake-clock.ts';
import { awsClient } from './clients.ts';
import { dynamoWorld } from './dynamo.ts';
import type { Moto } from './moto.ts';
import { type AnyClient, type AwsRule, awsRules } from './rules/rules.ts';

type Setup = { readonly maxAttempts?: number; readonly outer?: (client: AnyClient) => void };
type Clients = { readonly client: DynamoDBClient; readonly gateway: APIGatewayClient };
export type ApiKeysWorld = Awaited<ReturnType<typeof apiKeysWorld>>;

/** A separate stage with a table and a usage plan, and no keys. */
export async function apiKeysWorld(moto: Moto) {
  const { client, table } = dynamoWorld(moto);
  const rules = awsRules([onPlanOnce]);
  const admin = awsClient(APIGatewayClient, moto);
  const { id: usagePlan = '' } = await admin.send(new CreateUsagePlanCommand({ name: table }));
  const stage = `t${randomUUID().slice(0, 8)}`;
  // Moto's own clock gives its keys their dates.
  const clock = fakeClock(Date.now());

  const dynamo = ({ maxAttempts = 3, outer }: Setup = {}) =>
    client(undefined, { maxAttempts, ...(outer && { outer }) });
  function gateway({ maxAttempts = 3, outer }: Setup = {}): APIGatewayClient {
    const made = awsClient(APIGatewayClient, moto, undefined, { maxAttempts });
    outer?.(made);
    return rules.guard(made);
  }

  return {
    clock,
    table,
    rules,
    /** Clients behind AWS's rules; `outer` adds a layer between a client and the rules. */
    gateway,
    dynamo,
    /** The keys, through separate clients. */
    keys: ({ isSpread = true, ...clients }: Partial<Clients> & { isSpread?: boolean } = {}) =>
      dynamoApiKeys({
        isSpread,
        client: dynamo(),
        gateway: gateway(),
        ...clients,
        table,
        usagePlan,
        stage,
        clock,
      }),
    /** The values of this stage's keys at API Gateway. */
    async values() {
      const all = new GetApiKeysCommand({ nameQuery: `slipway-${stage}-`, includeValues: true });
      return ((await admin.send(all)).items ?? []).map(({ value }) => value);
    },
    /** The keys among them that the usage plan has. */
    async planned() {
      const all = new GetUsagePlanKeysCommand({ usagePlanId: usagePlan });
      return ((await admin.send(all)).items ?? []).map(({ value }) => value);
    },
  };
}

/** Moto adds a key to a plan again at each call. */
const onPlanOnce: AwsRule = {
  name: 'apigateway: a key is on a plan once',
  service: 'APIGateway',
  commands: ['CreateUsagePlanKey'],
  source:
    'https://docs.aws.amazon.com/apigateway/latest/api/API_CreateUsagePlanKey.html#API_CreateUsagePlanKey_Errors',
  async before({ input: { keyId, usagePlanId }, send }) {
    const plan = { usagePlanId: String(usagePlanId) };
    const { items = [] } = await send(GetUsagePlanKeysCommand, plan);
    if (items.every(({ id }) => id !== keyId)) return undefined;
    return { name: 'ConflictException', message: 'Usage Plan key already exists', status: 409 };
  },
};
