import {
  APIGatewayClient,
  CreateAuthorizerCommand,
  CreateDeploymentCommand,
  CreateResourceCommand,
  CreateRestApiCommand,
  GetResourcesCommand,
  PutIntegrationCommand,
  PutMethodCommand,
} from '@aws-sdk/client-api-gateway';
import type { ModelApi } from '#adapters/aws/api/model-api.ts';
import { awsClient } from './clients.ts';
import type { Moto } from './moto.ts';

/** An API as the stack makes it, with nothing below `/models`, deployed to its stage. */
export async function restApi(moto: Pick<Moto, 'endpoint'>): Promise<ModelApi> {
  const client = awsClient(APIGatewayClient, moto);
  const { id: restApiId } = await client.send(new CreateRestApiCommand({ name: 'slipway' }));
  const { items: [root] = [] } = await client.send(new GetResourcesCommand({ restApiId }));
  const method = { restApiId, resourceId: root?.id, httpMethod: 'GET' };
  await client.send(new PutMethodCommand({ ...method, authorizationType: 'NONE' }));
  await client.send(new PutIntegrationCommand({ ...method, type: 'MOCK' }));
  const models = await client.send(
    new CreateResourceCommand({ restApiId, parentId: root?.id, pathPart: 'models' }),
  );
  const authorizer = await client.send(
    new CreateAuthorizerCommand({
      restApiId,
      name: 'authorize',
      type: 'REQUEST',
      authorizerUri:
        'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/authorize/invocations',
      identitySource: '',
    }),
  );
  await client.send(new CreateDeploymentCommand({ restApiId, stageName: 'api' }));
  return {
    id: String(restApiId),
    stage: 'api',
    modelsResource: String(models.id),
    authorizer: String(authorizer.id),
    corsOrigins: [],
  };
}
