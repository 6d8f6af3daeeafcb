import {
  APIGatewayClient,
  CreateApiKeyCommand,
  CreateUsagePlanKeyCommand,
} from '@aws-sdk/client-api-gateway';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateFunctionCommand,
  LambdaClient,
  PublishVersionCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { dynamoApiKeys } from '#adapters/aws/keys/dynamo-api-keys.ts';
import { systemClock } from '#adapters/clocks.ts';
import type { ApiKeys } from '#ports/api-keys.ts';
import { STAGE } from '../../template/packaged.ts';
import { awsClient } from '../aws/clients.ts';
import { zipOf } from '../bytes/zip.ts';
import type { DeployedStack } from './deploy.ts';
import type { Endpoint } from './parts.ts';

export const REQUEST_BODY = '{"inputs":[]}';

/** Answers the event that it was handed, as a model's server behind the web adapter would answer. */
const ECHO = `exports.handler = async (event) => ({
  statusCode: 200,
  headers: { 'content-type': 'application/json', 'x-slipway-revision': process.env.REVISION },
  body: JSON.stringify(event),
})`;

/** A model's function with these revisions: no image, which ministack would run in Docker. */
export async function publishEcho(
  aws: Endpoint,
  { outputs }: DeployedStack,
  model: string,
  revisions: readonly string[],
): Promise<void> {
  const lambda = awsClient(LambdaClient, aws);
  const FunctionName = `${outputs['FunctionPrefix']}${model}`;
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Role: outputs['ModelRole'],
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Code: { ZipFile: zipOf([{ name: 'index.js', content: ECHO }]) },
    }),
  );
  for (const revision of revisions) {
    const Environment = { Variables: { REVISION: revision } };
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment }));
    await lambda.send(new PublishVersionCommand({ FunctionName, Description: revision }));
  }
}

/** The stack's own API keys. */
export function stackKeys(aws: Endpoint, { outputs }: DeployedStack): ApiKeys {
  return dynamoApiKeys({
    isSpread: true,
    client: awsClient(DynamoDBClient, aws),
    gateway: awsClient(APIGatewayClient, aws),
    table: outputs['Table'] ?? '',
    usagePlan: outputs['UsagePlan'] ?? '',
    ...{ stage: STAGE, clock: systemClock },
  });
}

/**
 * A key for only this model.
 * Ministack takes the header's value for the usage plan's key, where AWS takes the authorizer's answer: so there the plan has the key itself too.
 */
export async function makeKey(aws: Endpoint, stack: DeployedStack, model: string) {
  const made = await stackKeys(aws, stack).create(model, [model]);
  const gateway = awsClient(APIGatewayClient, aws);
  const shown = { name: `${model} as it is shown`, value: made.key, enabled: true };
  const { id: keyId } = await gateway.send(new CreateApiKeyCommand(shown));
  const place = { usagePlanId: stack.outputs['UsagePlan'], keyId, keyType: 'API_KEY' };
  await gateway.send(new CreateUsagePlanKeyCommand(place));
  return made;
}

/** Sends a request to a model by the stack's API, as a client that shows this key. */
export function requestOf(aws: Endpoint, { outputs }: DeployedStack, model: string) {
  const url = `${aws.endpoint}/_aws/execute-api/${outputs['Api']}/v1/models/${model}/invocations`;
  return async (key?: string) => {
    const headers = {
      'content-type': 'application/json',
      ...(key && { authorization: `Bearer ${key}`, 'x-api-key': key }),
    };
    const response = await fetch(url, { method: 'POST', headers, body: REQUEST_BODY });
    return {
      status: response.status,
      revision: response.headers.get('x-slipway-revision'),
      body: JSON.parse(await response.text()),
    };
  };
}
