import { createRequire } from 'node:module';
import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
} from '@aws-sdk/client-ecs';
import { routeRecords } from '#adapters/aws/api/route-records.ts';
import { AWS_REGION, awsClient } from '../support/aws/clients.ts';
import { describeOnMoto, type Moto } from '../support/aws/moto.ts';
import { REGISTRY_TABLE } from '../support/aws/registry-table.ts';
import { startFront } from './cli-front.ts';

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

  it.each([
    ['has no route yet', null],
    ['is still served from a function', { kind: 'function', aliasArn: 'arn' }],
  ] as const)('is refused while a model that %s moves to containers', async (_, serves) => {
    await installed(moto(), { Cluster: 'slipway-test' });
    await moves(moto(), 'speech', serves, { kind: 'container' });

    await expect(deploy(moto(), 'off')).rejects.toThrow('in containers: model speech. First');
  });

  it('is refused while a model moves away from containers, until it is served from a function', async () => {
    await installed(moto(), { Cluster: 'slipway-test' });
    const away = { kind: 'function', aliasArn: 'arn' } as const;
    await moves(moto(), 'away', { kind: 'container' }, away);
    await moves(moto(), 'begun', null, away);

    await expect(deploy(moto(), 'off')).rejects.toThrow('in containers: model away. First');
  });

  it('says what a person does about it, and of what kind the refusal is', async () => {
    await installed(moto(), { Cluster: 'slipway-test' });
    await served(moto(), 'digits', { kind: 'container' });
    await served(moto(), 'speech', { kind: 'container' });

    const refusal = await deploy(moto(), 'off').catch((error) => error);

    expect(refusal.message).toMatch(/: model digits, model speech\. First undeploy each model/);
    expect(refusal.message).toContain('slipway undeploy NAME --stage test');
    expect(refusal.code).toBe('CONTAINERS_IN_USE');
  });

  it('is refused for as many models as services, too', async () => {
    await installed(moto(), { Cluster: 'slipway-test' });
    await served(moto(), 'digits', { kind: 'container' });
    await runs(moto(), 'slipway-test', 'digits-v1-0a');

    await expect(deploy(moto(), 'off')).rejects.toThrow(/: model digits, service digits-v1\S*\. /);
  });

  it('is refused by an account that does not answer for its stacks, too', async () => {
    await using front = await startFront(moto(), [
      {
        calls: /Action=DescribeStacks/,
        status: 403,
        body: '<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized</Message></Error></ErrorResponse>',
      },
    ]);

    await expect(deploy(front, 'off')).rejects.toThrow('not authorized');
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

/** Stands for the class of osls: a message and a code. */
class Refusal extends Error {
  readonly code: string;
  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** Runs the hook that osls runs before a deploy whose template has this value. */
async function deploy({ endpoint }: Pick<Moto, 'endpoint'>, containers: string): Promise<void> {
  const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' };
  const provider = {
    naming: { getStackName: () => 'slipway-test' },
    getStage: () => 'test',
    getAwsSdkV3Config: async () => ({ endpoint, region: AWS_REGION, credentials }),
  };
  const Parameters = { Containers: { Default: containers } };
  const { hooks } = keepContainers({
    classes: { Error: Refusal },
    service: { provider: { compiledCloudFormationTemplate: { Parameters } } },
    getProvider: (name: string) => ({ aws: provider })[name],
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

/** Writes the model's record as the router does. */
async function served(moto: Moto, model: string, serves: Integration): Promise<void> {
  const dynamo = awsClient(DynamoDBClient, moto);
  const records = routeRecords({ dynamo, table: TABLE, api: API });
  await records.update(model, (record) => ({ ...record, serves }));
}

async function moves(
  moto: Moto,
  model: string,
  serves: Integration | null,
  to: Integration,
): Promise<void> {
  const dynamo = awsClient(DynamoDBClient, moto);
  const records = routeRecords({ dynamo, table: TABLE, api: API });
  await records.update(model, (record) => ({ ...record, serves, move: { to, over: 'd1' } }));
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
