import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  FilterLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateRepositoryCommand, type ECRClient } from '@aws-sdk/client-ecr';
import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { PutBucketNotificationConfigurationCommand, S3Client } from '@aws-sdk/client-s3';
import { parse } from 'yaml';
import { modelKey, recordIn } from '#adapters/aws/registry/dynamo-items.ts';
import { dynamoRegistry } from '#adapters/aws/registry/dynamo-registry.ts';
import { systemClock } from '#adapters/clocks.ts';
import type { SlipwayEvent } from '#domain/event.ts';
import type { LeaseHolder, ModelRecord } from '#domain/registry/write.ts';
import { type ObjectCreated, objectCreated } from '#domain/workflow.ts';
import type { Clock } from '#ports/clock.ts';
import type { WorkflowName } from '#ports/executions.ts';
import { AWS_ACCOUNT, AWS_REGION, awsClient } from '../aws/clients.ts';
import { dynamoWorld } from '../aws/dynamo.ts';
import { modelFunctionsWorld } from '../aws/model-functions.ts';
import type { Moto } from '../aws/moto.ts';
import { restApi } from '../aws/rest-api.ts';
import { type AwsRules, awsRules } from '../aws/rules/rules.ts';
import { s3World } from '../aws/s3.ts';
import { eventually } from '../clock/eventually.ts';
import { childServers } from '../fronts/model-sandbox.ts';
import { scriptedBuilds } from './builds.ts';
import { awsWorldContainers } from './containers.ts';
import { awsLooks } from './looks.ts';

const BUS = 'slipway-test';
const ENVIRONMENTS = 'slipway-test-environments';
const MACHINES = `arn:aws:states:${AWS_REGION}:${AWS_ACCOUNT}:stateMachine:slipway-test-`;
const BAKE_SECONDS = 1;

export const machineArn = (workflow: WorkflowName) => `${MACHINES}${workflow}`;

export type AwsWorld = Awaited<ReturnType<typeof awsWorld>>;

type Options = {
  readonly rulesOf?: (ecr: ECRClient) => AwsRules;
  /** The clock of the counters of traffic. */
  readonly clock?: Clock;
  /** The account of the steps' credentials. */
  readonly secret?: string;
};

/** An account in moto with all resources of the stack, where the real ONNX server answers for the models' functions and containers. */
export async function awsWorld(moto: Moto, options: Options = {}) {
  const { rulesOf = () => awsRules([]), clock = systemClock, secret = 'secret' } = options;
  const folder = mkdtempSync(join(tmpdir(), 'slipway-world-'));
  const files = (digest: string) => builds.modelFile(digest);
  const models = await modelFunctionsWorld(moto, childServers(files));
  const { functions, ecr } = models;
  const repository = functions.repository.split('/').at(-1) ?? '';
  await ecr.send(new CreateRepositoryCommand({ repositoryName: ENVIRONMENTS }));
  const builds = await scriptedBuilds(moto, ecr, {
    folder,
    repository,
    environments: ENVIRONMENTS,
  });
  const api = await restApi(moto);
  const containers = await awsWorldContainers(moto, {
    upstream: models.front,
    startServer: childServers(files),
    logGroup: functions.logGroup,
    apiStage: api.stage,
    secret,
  });
  const { endpoint } = containers;
  const front = { endpoint };
  const { table, client: dynamo } = dynamoWorld(moto);
  const registry = dynamoRegistry({ client: dynamo(), table, clock });
  const s3 = await s3World(moto);
  const uploads = await uploadEvents(moto, s3.bucket);
  const told = await eventLog(moto, BUS, 'told', { source: ['slipway'] });
  const rules = rulesOf(ecr);
  const lambda = awsClient(LambdaClient, front, rules);
  // The table is there once it has answered.
  await registry.models();

  return {
    functions,
    front,
    rules,
    builds,
    api,
    table,
    dynamo,
    registry,
    s3,
    bus: BUS,
    containers,
    ...awsLooks(moto, { lambda, functions, api, containers, clock }),
    bakeSeconds: BAKE_SECONDS,
    /** The repository of environments. */
    environments: { name: ENVIRONMENTS, uri: uriOf(ENVIRONMENTS) },
    /** The values that the template gives to functions, by variable. */
    values: {
      ...variables(functions, { api, table, bucket: s3.bucket }),
      ...containers.values,
    },

    /** Puts a model in the bucket, its manifest first; answers the event of it. */
    async upload(
      model: string,
      bytes: Uint8Array,
      manifest?: string,
      file = 'model.onnx',
    ): Promise<ObjectCreated> {
      const key = `models/${model}/${file}`;
      if (manifest !== undefined) await s3.put(`${key}.yaml`, manifest);
      return uploads(await s3.put(key, bytes));
    },

    /** The holder of a model's lease. */
    async leaseHolder(model: string): Promise<LeaseHolder | null | undefined> {
      const get = new GetItemCommand({ TableName: table, Key: modelKey(model) });
      const { Item } = await dynamo().send(get);
      return Item && recordIn<ModelRecord>(Item).lease.holder;
    },

    /** The events that have come out of the bus, in the order in which they came. */
    async events(): Promise<readonly SlipwayEvent[]> {
      return (await told()) as readonly SlipwayEvent[];
    },

    async close() {
      await containers.close();
      await models.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function uriOf(repository: string): string {
  return `${AWS_ACCOUNT}.dkr.ecr.${AWS_REGION}.amazonaws.com/${repository}`;
}

type Places = {
  readonly api: Awaited<ReturnType<typeof restApi>>;
  readonly table: string;
  readonly bucket: string;
};

function variables(
  functions: Awaited<ReturnType<typeof modelFunctionsWorld>>['functions'],
  { api, table, bucket }: Places,
): Readonly<Record<string, string>> {
  return {
    SLIPWAY_STAGE: functions.stage,
    SLIPWAY_TABLE: table,
    SLIPWAY_BUCKET: bucket,
    SLIPWAY_BUS: BUS,
    SLIPWAY_STATE_MACHINE: machineArn('deploy'),
    SLIPWAY_ROLLBACK_WORKFLOW: machineArn('rollback'),
    SLIPWAY_REQUIRE_APPROVAL: 'false',
    SLIPWAY_TRUSTED_SIGNERS: 'none',
    SLIPWAY_PROMOTE_WORKFLOW: machineArn('promote'),
    SLIPWAY_UNDEPLOY_WORKFLOW: machineArn('undeploy'),
    SLIPWAY_API: api.id,
    SLIPWAY_API_STAGE: api.stage,
    SLIPWAY_MODELS_RESOURCE: api.modelsResource,
    SLIPWAY_AUTHORIZER: api.authorizer,
    SLIPWAY_CORS_ORIGINS: 'https://app.example',
    SLIPWAY_REPOSITORY: functions.repository,
    SLIPWAY_FUNCTION_PREFIX: functions.prefix,
    SLIPWAY_MODEL_ROLE: functions.role,
    SLIPWAY_MODEL_SUBNETS: functions.subnets.join(','),
    SLIPWAY_MODEL_SECURITY_GROUP: functions.securityGroup,
    SLIPWAY_MODEL_LOG_GROUP: functions.logGroup,
    SLIPWAY_ENVIRONMENT_HASH: 'environment-1',
    SLIPWAY_REQUESTS_PER_SECOND: '1000',
    SLIPWAY_ACCESS_LOG: 'off',
    SLIPWAY_VLLM_IMAGE: 'none',
    SLIPWAY_OWN_IMAGES: 'built',
    SLIPWAY_BUILD_COMPUTE: 'BUILD_GENERAL1_LARGE',
    SLIPWAY_ENVIRONMENTS: uriOf(ENVIRONMENTS),
    SLIPWAY_BAKE_SECONDS: String(BAKE_SECONDS),
    SLIPWAY_TEAM: 'unassigned',
    SLIPWAY_MAX_REPLICAS: '100',
    SLIPWAY_ALLOWED_ACCELERATORS: 'all',
    SLIPWAY_MAX_MONTHLY_USD: 'unlimited',
    POWERTOOLS_SERVICE_NAME: 'slipway',
    POWERTOOLS_METRICS_NAMESPACE: 'Slipway',
  };
}

/** Answers the event of an upload by its version, as S3 sends it through the template's own rule. */
async function uploadEvents(moto: Moto, bucket: string) {
  const s3 = awsClient(S3Client, moto);
  const NotificationConfiguration = { EventBridgeConfiguration: {} };
  await s3.send(
    new PutBucketNotificationConfigurationCommand({ Bucket: bucket, NotificationConfiguration }),
  );
  const { detail, ...pattern } = uploadPattern();
  const own = { ...pattern, detail: { ...detail, bucket: { name: [bucket] } } };
  const arrived = await eventLog(moto, 'default', 'uploads', own);
  let uploads = 0;

  return async (versionId: string): Promise<ObjectCreated> => {
    const event = await eventually(async () => {
      const events = (await arrived()).map((each) => objectCreated.parse(each));
      return events.find(({ detail: { object } }) => object['version-id'] === versionId);
    });
    uploads += 1;
    // Moto gives every object the same sequencer; S3's grow within a key.
    const sequencer = `0055AED6DCD9${String(uploads).padStart(4, '0')}`;
    return { ...event, detail: { ...event.detail, object: { ...event.detail.object, sequencer } } };
  };
}

type Pattern = { readonly detail: object };

function uploadPattern(): Pattern {
  const file = readFileSync(new URL('../../../infra/upload.yml', import.meta.url), 'utf8');
  return parse(file, { logLevel: 'silent' }).Resources.UploadRule.Properties.EventPattern;
}

/** A rule that writes events to a log group, which is where they can be read in moto. */
async function eventLog(moto: Moto, bus: string, name: string, pattern: object) {
  const logGroupName = `/events/${name}`;
  const logs = awsClient(CloudWatchLogsClient, moto);
  const events = awsClient(EventBridgeClient, moto);
  await logs.send(new CreateLogGroupCommand({ logGroupName }));
  if (bus !== 'default') await events.send(new CreateEventBusCommand({ Name: bus }));
  const rule = { Name: name, EventBusName: bus, EventPattern: JSON.stringify(pattern) };
  await events.send(new PutRuleCommand(rule));
  const Arn = `arn:aws:logs:${AWS_REGION}:${AWS_ACCOUNT}:log-group:${logGroupName}`;
  const Targets = [{ Id: 'log', Arn }];
  await events.send(new PutTargetsCommand({ Rule: name, EventBusName: bus, Targets }));

  return async (): Promise<readonly object[]> => {
    const found = await logs.send(new FilterLogEventsCommand({ logGroupName }));
    return (found.events ?? []).map(({ message = '' }) => JSON.parse(message));
  };
}
