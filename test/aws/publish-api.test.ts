import { createRequire } from 'node:module';
import {
  APIGatewayClient,
  GetDeploymentsCommand,
  GetStageCommand,
  UpdateStageCommand,
} from '@aws-sdk/client-api-gateway';
import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { setAccessLog } from '#adapters/aws/routes/access-log.ts';
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

  it('gives an installed stage the access log whose every line is JSON', async () => {
    const api = await installed(moto());
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
    await setAccessLog(gateway(moto()), { id: api.id, stage: api.stage });

    const { accessLogSettings } = await gateway(moto()).send(new GetStageCommand(stage));
    const line = accessLogSettings!.format!.replaceAll(/\$context[\w.]+/g, '-');
    expect(accessLogSettings!.destinationArn).toBe(settings.destinationArn);
    expect(JSON.parse(line)).toMatchObject({ id: '-', status: '-', error: '-' });
    expect(accessLogSettings!.format).not.toMatch(/error\.message/);
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

/** What osls runs after it has updated the stack. */
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
