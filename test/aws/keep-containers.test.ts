import { createRequire } from 'node:module';
import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
} from '@aws-sdk/client-ecs';
import { routeRecords } from '#adapters/aws/routes/route-records.ts';
import { AWS_REGION, awsClient } from '../support/aws/clients.ts';
import { describeOnMoto, type Moto } from '../support/aws/moto.ts';
import { REGISTRY_TABLE } from '../support/aws/registry-table.ts';

const keepContainers = createRequire(import.meta.url)('../../infra/keep-containers.cjs');
const TABLE = 'slipway-test-registry';
const API = 'api1';

describeOnMoto('a deploy with containers=off', (moto) => {
  beforeEach(() => moto().reset());

  it('is refused while a model is served from a container, which is named', async () => {
    await installed(moto(), { Cluster: 'slipway-test' });
    await served(moto(), 'digits', { kind: 'container' });
    await served(moto(), 'small', { kind: 'function', aliasArn: 'arn' });

    const deployed = deploy(moto(), 'off');

    await expect(deployed).rejects.toThrow('in containers: model digits. First undeploy');
  });

  it('is refused while a service of the stage is there, whichever cluster it is in', async () => {
    await installed(moto(), { Cluster: 'slipway-test' });
    await runs(moto(), 'slipway-test', 'digits-v1-0a');
    await runs(moto(), 'slipway-test-T4', 'speech-v2-0b');
    await runs(moto(), 'slipway-testing', 'foreign-v1-0c');

    const refusal = await deploy(moto(), 'off').catch(String);

    expect(refusal?.match(/service \S+-v\d/g)?.toSorted()).toEqual([
      'service digits-v1',
      'service speech-v2',
    ]);
  });

  it('goes on where nothing runs in containers', async () => {
    await installed(moto(), { Cluster: 'slipway-test' });
    await served(moto(), 'small', { kind: 'function', aliasArn: 'arn' });

    await expect(deploy(moto(), 'off')).resolves.toBeUndefined();
  });

  it.each(['public', 'isolated'])('is the only one: %s asks nothing', async (containers) => {
    await installed(moto(), { Cluster: 'slipway-test' });
    await served(moto(), 'digits', { kind: 'container' });

    await expect(deploy(moto(), containers)).resolves.toBeUndefined();
  });

  it('goes on where there is no stack yet, or one without containers', async () => {
    await expect(deploy(moto(), 'off')).resolves.toBeUndefined();
    await installed(moto(), {});
    await expect(deploy(moto(), 'off')).resolves.toBeUndefined();
  });
});

/** What osls runs before a deploy whose template has this value. */
async function deploy({ endpoint }: Moto, containers: string): Promise<void> {
  const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' };
  const provider = {
    naming: { getStackName: () => 'slipway-test' },
    getStage: () => 'test',
    getAwsSdkV3Config: async () => ({ endpoint, region: AWS_REGION, credentials }),
  };
  const Parameters = { Containers: { Default: containers } };
  const { hooks } = keepContainers({
    classes: { Error },
    service: { provider: { compiledCloudFormationTemplate: { Parameters } } },
    getProvider: () => provider,
  });
  await hooks['before:aws:deploy:deploy:createStack']();
}

async function installed(moto: Moto, more: Readonly<Record<string, string>>): Promise<void> {
  const outputs = Object.entries({ Table: TABLE, Api: API, ...more });
  const template = {
    Resources: { Topic: { Type: 'AWS::SNS::Topic' } },
    Outputs: Object.fromEntries(outputs.map(([name, Value]) => [name, { Value }])),
  };
  const TemplateBody = JSON.stringify(template);
  await awsClient(CloudFormationClient, moto).send(
    new CreateStackCommand({ StackName: 'slipway-test', TemplateBody }),
  );
  await awsClient(DynamoDBClient, moto).send(
    new CreateTableCommand({
      TableName: TABLE,
      ...REGISTRY_TABLE,
    }),
  );
}

type Integration = { kind: 'container' } | { kind: 'function'; aliasArn: string };

/** As the router writes it. */
async function served(moto: Moto, model: string, serves: Integration): Promise<void> {
  const dynamo = awsClient(DynamoDBClient, moto);
  const records = routeRecords({ dynamo, table: TABLE, api: API });
  await records.update(model, (record) => ({ ...record, serves }));
}

async function runs(moto: Moto, clusterName: string, serviceName: string): Promise<void> {
  const ecs = awsClient(ECSClient, moto);
  await ecs.send(new CreateClusterCommand({ clusterName }));
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: serviceName,
      containerDefinitions: [{ name: 'model', image: 'model', memory: 128 }],
    }),
  );
  await ecs.send(
    new CreateServiceCommand({
      cluster: clusterName,
      serviceName,
      taskDefinition: serviceName,
      desiredCount: 1,
    }),
  );
}
