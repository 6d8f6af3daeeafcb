import {
  APIGatewayClient,
  CreateDeploymentCommand,
  CreateResourceCommand,
  GetDeploymentCommand,
  PutIntegrationCommand,
  PutIntegrationResponseCommand,
  PutMethodCommand,
  PutMethodResponseCommand,
} from '@aws-sdk/client-api-gateway';
import { awsClient } from '../../../support/aws/clients.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { restApi } from '../../../support/aws/rest-api.ts';
import { apiGatewayRules } from '../../../support/aws/rules/apigateway.ts';
import { awsRules } from '../../../support/aws/rules/rules.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';

const HTTP_PROXY = {
  type: 'HTTP_PROXY',
  integrationHttpMethod: 'ANY',
  uri: 'http://models',
} as const;

describeOnMoto('the rules of API Gateway', (moto) => {
  async function open() {
    await moto().reset();
    const clock = fakeClock(0);
    const api = await restApi(moto());
    const rules = awsRules(apiGatewayRules(clock.now));
    const client = awsClient(APIGatewayClient, moto(), rules, { maxAttempts: 1 });
    const restApiId = api.id;
    const deploy = () => client.send(new CreateDeploymentCommand({ restApiId, stageName: 'api' }));
    const addResource = () =>
      client.send(
        new CreateResourceCommand({ restApiId, parentId: api.modelsResource, pathPart: 'digits' }),
      );
    const method = (resourceId?: string) => ({ restApiId, resourceId, httpMethod: 'ANY' });
    const addMethod = (resourceId?: string) =>
      client.send(new PutMethodCommand({ ...method(resourceId), authorizationType: 'NONE' }));
    const addIntegration = (resourceId?: string) =>
      client.send(new PutIntegrationCommand({ ...method(resourceId), type: 'MOCK' }));
    const summaryOf = async (deploymentId?: string) => {
      const command = new GetDeploymentCommand({ restApiId, deploymentId, embed: ['apisummary'] });
      return (await client.send(command)).apiSummary;
    };
    const integration = (resourceId?: string) => ({ ...method(resourceId), ...HTTP_PROXY });
    return {
      client,
      integration,
      clock,
      rules,
      deploy,
      addResource,
      addMethod,
      addIntegration,
      summaryOf,
    };
  }

  it('an API is deployed once in 5 s', async () => {
    const { clock, rules, deploy } = await open();
    await deploy();
    clock.advance(4_999);

    await expect(deploy()).rejects.toMatchObject({ name: 'TooManyRequestsException' });
    clock.advance(1);
    await deploy();

    expect(rules.fired()).toEqual(['apigateway: an API is deployed once in 5 s']);
  });

  it('an API with a method without an integration is not deployed', async () => {
    const { deploy, addResource, addMethod } = await open();
    await addMethod((await addResource()).id);

    await expect(deploy()).rejects.toMatchObject({ name: 'BadRequestException' });
  });

  it('a deployment has what the API had then, and what comes later is not served', async () => {
    const { clock, deploy, addResource, addMethod, addIntegration, summaryOf } = await open();
    const before = await deploy();
    const { id } = await addResource();
    await addMethod(id);
    await addIntegration(id);

    const earlier = await summaryOf(before.id);
    clock.advance(5_000);
    const after = await deploy();

    expect(Object.keys(earlier ?? {})).toEqual(['/']);
    expect(await summaryOf(after.id)).toMatchObject({
      '/models/digits': { ANY: { authorizationType: 'NONE', apiKeyRequired: false } },
    });
  });

  it('a resource has one child of a name, and one method of a name', async () => {
    const { addResource, addMethod } = await open();
    const { id } = await addResource();
    await addMethod(id);

    await expect(addResource()).rejects.toMatchObject({ name: 'ConflictException' });
    await expect(addMethod(id)).rejects.toMatchObject({ name: 'ConflictException' });
  });

  it('an integration takes only what its method declares', async () => {
    const { client, addResource, addMethod, integration } = await open();
    const { id } = await addResource();
    await addMethod(id);
    const requestParameters = { 'integration.request.path.proxy': 'method.request.path.proxy' };

    const put = client.send(new PutIntegrationCommand({ ...integration(id), requestParameters }));

    await expect(put).rejects.toMatchObject({ name: 'BadRequestException' });
  });

  it('an integration answers only with a status that its method declares', async () => {
    const { client, addResource, addMethod, addIntegration, integration } = await open();
    const { id } = await addResource();
    await addMethod(id);
    await addIntegration(id);
    const { restApiId, resourceId, httpMethod } = integration(id);
    const answer = { restApiId, resourceId, httpMethod, statusCode: '204' };

    const early = client.send(new PutIntegrationResponseCommand(answer));

    await expect(early).rejects.toMatchObject({ name: 'NotFoundException' });
    await client.send(new PutMethodResponseCommand(answer));
    await client.send(new PutIntegrationResponseCommand(answer));
  });

  it('only an answer that is streamed takes longer than 29 s', async () => {
    const { client, addResource, addMethod, integration } = await open();
    const { id } = await addResource();
    await addMethod(id);
    const timeoutInMillis = 900_000;

    const buffered = client.send(
      new PutIntegrationCommand({ ...integration(id), timeoutInMillis }),
    );

    await expect(buffered).rejects.toMatchObject({ name: 'BadRequestException' });
    await client.send(
      new PutIntegrationCommand({
        ...integration(id),
        timeoutInMillis,
        responseTransferMode: 'STREAM',
      }),
    );
  });
});
