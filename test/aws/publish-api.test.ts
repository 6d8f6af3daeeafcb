import { createRequire } from 'node:module';
import {
  APIGatewayClient,
  GetDeploymentsCommand,
  GetStageCommand,
  UpdateStageCommand,
} from '@aws-sdk/client-api-gateway';
import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { apiDraft } from '#adapters/aws/routes/api-draft.ts';
import { preflightTemplate } from '#adapters/aws/routes/preflight.ts';
import { ACCESS_LOG, settleStage } from '#adapters/aws/routes/stage-settings.ts';
import { AWS_REGION, awsClient } from '../support/aws/clients.ts';
import { describeOnMoto, type Moto } from '../support/aws/moto.ts';
import { REGISTRY_TABLE } from '../support/aws/registry-table.ts';
import { restApi } from '../support/aws/rest-api.ts';

const publishApi = createRequire(import.meta.url)('../../infra/publish-api.cjs');
const TABLE = 'slipway-test-registry';

describeOnMoto('a stack update', (moto) => {
  beforeEach(() => moto().reset());

  it('ends with a deployment of the API, which its stage then serves', async () => {
    const api = await installed(moto());

    await update(moto(), {});

    const { items = [] } = await gateway(moto()).send(
      new GetDeploymentsCommand({ restApiId: api.id }),
    );
    const stage = { restApiId: api.id, stageName: api.stage };
    const { deploymentId } = await gateway(moto()).send(new GetStageCommand(stage));
    expect(deploymentId).not.toBe(api.first);
    expect(items.map(({ id }) => id)).toContain(deploymentId);
  });

  it('gives an installed stage the access log whose every line is JSON, traces, and a throttle, and leaves it alone then', async () => {
    const api = await installed(moto());
    const place = { id: api.id, stage: api.stage };
    const stage = { restApiId: api.id, stageName: api.stage };
    const settings = {
      destinationArn: 'arn:aws:firehose:us-east-1:123456789012:deliverystream/amazon-apigateway-x',
      format: '{"error": "$context.error.messageString"}',
    };
    const patchOperations = Object.entries(settings).map(([name, value]) => ({
      ...{ op: 'replace', path: `/accessLogSettings/${name}`, value },
    }));
    await gateway(moto()).send(
      new UpdateStageCommand({ ...stage, patchOperations: patchOperations as never }),
    );

    // Moto's deployments make a stage anew, without its log.
    const wish = { requestsPerSecond: 50, accessLog: undefined };
    const first = await settleStage(gateway(moto()), place, wish);
    const again = await settleStage(gateway(moto()), place, wish);

    const settled = await gateway(moto()).send(new GetStageCommand(stage));
    const { accessLogSettings, tracingEnabled, methodSettings } = settled;
    const line = accessLogSettings!.format!.replaceAll(/\$context[\w.]+/g, '-');
    expect([first, again]).toEqual([true, false]);
    expect(accessLogSettings!.destinationArn).toBe(settings.destinationArn);
    expect(JSON.parse(line)).toMatchObject({ id: '-', status: '-', error: '-' });
    expect(accessLogSettings!.format).not.toMatch(/error\.message/);
    expect(tracingEnabled).toBe(true);
    expect(methodSettings!['*/*']).toMatchObject({
      throttlingRateLimit: 50,
      throttlingBurstLimit: 100,
    });
  });

  it('takes the access log from a stage and gives it back, as the stack wishes', async () => {
    const api = await installed(moto());
    const place = { id: api.id, stage: api.stage };
    const arn = 'arn:aws:firehose:us-east-1:123456789012:deliverystream/amazon-apigateway-x';
    const settle = (accessLog: string | null | undefined) =>
      settleStage(gateway(moto()), place, { requestsPerSecond: 50, accessLog });
    const logOf = async () => {
      const stage = { restApiId: api.id, stageName: api.stage };
      return (await gateway(moto()).send(new GetStageCommand(stage))).accessLogSettings;
    };
    await settle(undefined);

    expect([await settle(undefined), await logOf()]).toEqual([false, undefined]);
    expect([await settle(arn), await settle(arn)]).toEqual([true, false]);
    expect(await logOf()).toEqual({ destinationArn: arn, format: ACCESS_LOG });
    expect([await settle(null), await settle(null)]).toEqual([true, false]);
    expect(await logOf()).toBeUndefined();
  });

  it('gives the throttle of the stack to the stage that it publishes', async () => {
    const api = await installed(moto());

    await update(moto(), {});

    const stage = { restApiId: api.id, stageName: api.stage };
    const { methodSettings } = await gateway(moto()).send(new GetStageCommand(stage));
    expect(methodSettings!['*/*']).toMatchObject({ throttlingRateLimit: 70 });
  });

  it('gives the origins of the stack to the routes that it publishes', async () => {
    const api = await installed(moto());
    const route = apiDraft(gateway(moto()), api);
    const digits = await route.addResource(api.modelsResource, 'digits');
    await route.addMethod(digits, 'endpoint');
    await route.setIntegration(digits, {
      type: 'HTTP_PROXY',
      integrationHttpMethod: 'ANY',
      uri: 'http://models',
    });

    await update(moto(), {});

    const { preflight } = (await route.resources()).get('/models/digits')!;
    expect(preflight).toBe(preflightTemplate(['https://app.example', 'http://localhost:3000']));
  });

  it.each([{ shouldNotDeploy: true }, { deploymentWithEmptyChangeSet: true }])(
    'that changes nothing deploys nothing: %j',
    async (provider) => {
      const api = await installed(moto());

      await update(moto(), provider);

      const stage = { restApiId: api.id, stageName: api.stage };
      const { deploymentId } = await gateway(moto()).send(new GetStageCommand(stage));
      expect(deploymentId).toBe(api.first);
    },
  );
});

const gateway = (moto: Moto) => awsClient(APIGatewayClient, moto);

async function installed(moto: Moto) {
  const api = await restApi(moto);
  await awsClient(DynamoDBClient, moto).send(
    new CreateTableCommand({ TableName: TABLE, ...REGISTRY_TABLE }),
  );
  const outputs = {
    Table: TABLE,
    Api: api.id,
    ModelsResource: api.modelsResource,
    Authorizer: api.authorizer,
    RequestsPerSecond: '70',
    CorsOrigins: 'https://app.example,http://localhost:3000',
  };
  const template = {
    Resources: { Topic: { Type: 'AWS::SNS::Topic' } },
    Outputs: Object.fromEntries(Object.entries(outputs).map(([name, Value]) => [name, { Value }])),
  };
  const stacks = awsClient(CloudFormationClient, moto);
  const make = (StackName: string, made: object) =>
    stacks.send(new CreateStackCommand({ StackName, TemplateBody: JSON.stringify(made) }));
  await make('another', { Resources: template.Resources });
  await make('slipway-test', template);
  const stage = { restApiId: api.id, stageName: api.stage };
  const { deploymentId } = await gateway(moto).send(new GetStageCommand(stage));
  return { ...api, first: deploymentId };
}

/** Runs the hook that osls runs after it has updated the stack. */
async function update(moto: Moto, told: object): Promise<void> {
  const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' };
  const Resources = { ApiStage: { Properties: { StageName: 'api' } } };
  const provider = {
    getCloudFormationClient: async () => awsClient(CloudFormationClient, moto),
    naming: { getStackName: () => 'slipway-test' },
    getStage: () => 'test',
    getAwsSdkV3Config: async () => ({ endpoint: moto.endpoint, region: AWS_REGION, credentials }),
  };
  const { hooks } = publishApi({
    service: { provider: { compiledCloudFormationTemplate: { Resources }, ...told } },
    getProvider: (name: string) => ({ aws: provider })[name],
  });
  await hooks['after:aws:deploy:deploy:updateStack']();
}
