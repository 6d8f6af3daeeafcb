import {
  APIGatewayClient,
  GetAuthorizersCommand,
  GetDeploymentsCommand,
  GetGatewayResponseCommand,
  GetMethodCommand,
  GetResourceCommand,
  GetRestApiCommand,
  GetStageCommand,
  GetUsagePlansCommand,
} from '@aws-sdk/client-api-gateway';
import type { Json } from '../../../template/template.ts';
import { awsClient } from '../../aws/clients.ts';
import { capital, type Look, type Resolved } from '../parts.ts';

type Find = (resource: Resolved, api: APIGatewayClient) => Promise<Json>;

const looked =
  (find: Find): Look =>
  async (resource, aws) =>
    capital(await find(resource, awsClient(APIGatewayClient, aws)));

export const apiLooks: Readonly<Record<string, Look>> = {
  'AWS::ApiGateway::RestApi': looked(({ id }, api) =>
    api.send(new GetRestApiCommand({ restApiId: id })),
  ),
  'AWS::ApiGateway::Resource': looked(async ({ id, properties: { RestApiId } }, api) => ({
    restApiId: RestApiId,
    ...(await api.send(new GetResourceCommand({ restApiId: RestApiId, resourceId: id }))),
  })),
  'AWS::ApiGateway::Authorizer': looked(async ({ properties: { RestApiId, Name } }, api) => {
    const { items = [] } = await api.send(new GetAuthorizersCommand({ restApiId: RestApiId }));
    const found = items.find(({ name }) => name === Name);
    return found && { restApiId: RestApiId, ...found };
  }),
  'AWS::ApiGateway::Method': looked(
    async ({ properties: { RestApiId, ResourceId, HttpMethod } }, api) => {
      const place = { restApiId: RestApiId, resourceId: ResourceId, httpMethod: HttpMethod };
      const { methodIntegration, methodResponses, ...method } = await api.send(
        new GetMethodCommand(place),
      );
      const integrationResponses = Object.values(methodIntegration?.integrationResponses ?? {});
      return {
        ...place,
        ...method,
        integration: capital({ ...methodIntegration, integrationResponses }),
        methodResponses: Object.values(methodResponses ?? {}),
      };
    },
  ),
  'AWS::ApiGateway::Deployment': looked(async ({ properties: { RestApiId, Description } }, api) => {
    const { items = [] } = await api.send(new GetDeploymentsCommand({ restApiId: RestApiId }));
    return { restApiId: RestApiId, ...items.find((each) => each.description === Description) };
  }),
  // The template does not decide for long which deployment the stage serves: see infra/api.yml.
  'AWS::ApiGateway::Stage': looked(async ({ properties }, api) => {
    const { RestApiId: restApiId, StageName: stageName, DeploymentId } = properties;
    const found = await api.send(new GetStageCommand({ restApiId, stageName }));
    return { restApiId, ...found, deploymentId: DeploymentId };
  }),
  'AWS::ApiGateway::UsagePlan': looked(async ({ properties: { UsagePlanName } }, api) => {
    const { items = [] } = await api.send(new GetUsagePlansCommand());
    const found = items.find(({ name }) => name === UsagePlanName);
    return { ...found, usagePlanName: found?.name };
  }),
  'AWS::ApiGateway::GatewayResponse': looked(
    async ({ properties: { RestApiId: restApiId, ResponseType: responseType } }, api) => {
      const find = new GetGatewayResponseCommand({ restApiId, responseType });
      const found = await api.send(find);
      return { restApiId, ...found, defaultResponse: undefined };
    },
  ),
};
