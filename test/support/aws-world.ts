import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { APIGatewayClient, GetResourcesCommand } from '@aws-sdk/client-api-gateway';
import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  FilterLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import type { ECRClient } from '@aws-sdk/client-ecr';
import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import {
  GetAliasCommand,
  InvokeCommand,
  LambdaClient,
  ListVersionsByFunctionCommand,
} from '@aws-sdk/client-lambda';
import { PutBucketNotificationConfigurationCommand, S3Client } from '@aws-sdk/client-s3';
import { parse } from 'yaml';
import { modelKey, recordIn } from '#adapters/aws/dynamo-items.ts';
import { dynamoRegistry } from '#adapters/aws/dynamo-registry.ts';
import { invocationEvent, readResponse } from '#adapters/aws/invocation-event.ts';
import type { SlipwayEvent } from '#domain/event.ts';
import type { LeaseHolder, ModelRecord } from '#domain/registry-write.ts';
import { type ObjectCreated, objectCreated } from '#domain/workflow.ts';
import { AWS_ACCOUNT, AWS_REGION, awsClient } from './aws-clients.ts';
import type { AwsRules } from './aws-rules.ts';
import { scriptedBuilds } from './aws-world-builds.ts';
import { dynamoWorld } from './dynamo-world.ts';
import { eventually } from './eventually.ts';
import { modelFunctionsWorld } from './model-functions-world.ts';
import { childServers } from './model-sandbox.ts';
import type { Moto } from './moto.ts';
import { restApi } from './rest-api-world.ts';
import { s3World } from './s3-world.ts';

const BUS = 'slipway-test';
export const MACHINE = `arn:aws:states:${AWS_REGION}:${AWS_ACCOUNT}:stateMachine:slipway-test-deploy`;
const BAKE_SECONDS = 1;

export type AwsWorld = Awaited<ReturnType<typeof awsWorld>>;

/** An account in moto with all that the stack makes, where the models' functions are answered by the real ONNX server. */
export async function awsWorld(moto: Moto, rulesOf: (ecr: ECRClient) => AwsRules) {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-world-'));
  const files = (digest: string) => builds.modelFile(digest);
  const models = await modelFunctionsWorld(moto, childServers(files));
  const { functions, front, ecr } = models;
  const repository = functions.repository.split('/').at(-1) ?? '';
  const builds = await scriptedBuilds(moto, ecr, { folder, repository });
  const api = await restApi(moto);
  const { table, client: dynamo } = dynamoWorld(moto);
  const registry = dynamoRegistry({ client: dynamo(), table, clock: { now: Date.now } });
  const s3 = await s3World(moto);
  const uploads = await uploadEvents(moto, s3.bucket);
  const told = await eventLog(moto, BUS, 'told', { source: ['slipway'] });
  const rules = rulesOf(ecr);
  const lambda = awsClient(LambdaClient, front, rules);
  const apiGateway = awsClient(APIGatewayClient, moto);
  // The table is there once it has answered.
  await registry.models();

  return {
    ...{ functions, front, rules, builds, api, table, dynamo, registry, s3, bus: BUS },
    bakeSeconds: BAKE_SECONDS,
    /** What the template gives to functions, by variable. */
    values: variables(functions, { api, table, bucket: s3.bucket }),

    /** Puts a model in the bucket, its manifest first; answers the event of it. */
    async upload(model: string, bytes: Uint8Array, manifest?: string): Promise<ObjectCreated> {
      const key = `models/${model}/model.onnx`;
      if (manifest !== undefined) await s3.put(`${key}.yaml`, manifest);
      return uploads(await s3.put(key, bytes));
    },

    async infer(model: string, body: unknown) {
      const output = await lambda.send(
        new InvokeCommand({
          FunctionName: functions.prefix + model,
          Qualifier: 'live',
          Payload: JSON.stringify(
            invocationEvent(api.stage, {
              ...{ model, method: 'POST', path: `/v2/models/${model}/infer` },
              body: JSON.stringify(body),
            }),
          ),
        }),
      );
      const response = readResponse(Buffer.from(output.Payload ?? []).toString());
      const { outputs } = JSON.parse(response?.body ?? '{}');
      return {
        status: response?.status,
        revision: response?.headers['x-slipway-revision'],
        data: outputs?.[0]?.data,
      };
    },

    /** The version that the alias leads to, with its weights. */
    async alias(model: string) {
      const named = { FunctionName: functions.prefix + model, Name: 'live' };
      const { FunctionVersion, RoutingConfig } = await lambda.send(new GetAliasCommand(named));
      return { version: FunctionVersion, weights: RoutingConfig?.AdditionalVersionWeights ?? {} };
    },

    /** The function's published versions, by the revisions that they are. */
    async versions(model: string): Promise<readonly (string | undefined)[]> {
      const { Versions = [] } = await lambda.send(
        new ListVersionsByFunctionCommand({ FunctionName: functions.prefix + model }),
      );
      return Versions.filter(({ Version }) => Version !== '$LATEST').map(
        ({ Description }) => Description,
      );
    },

    /** The method of the model's route. */
    async route(model: string) {
      const { items = [] } = await apiGateway.send(
        new GetResourcesCommand({ restApiId: api.id, embed: ['methods'], limit: 500 }),
      );
      return items.find(({ path }) => path === `/models/${model}/{proxy+}`)?.resourceMethods?.[
        'ANY'
      ];
    },

    /** What Lambda would count of clients for a version behind the alias, in this minute and in the next. */
    async countErrors(model: string, version: string, requests: number, errors: number) {
      const name = functions.prefix + model;
      const Dimensions = [
        { Name: 'FunctionName', Value: name },
        { Name: 'Resource', Value: `${name}:live` },
        { Name: 'ExecutedVersion', Value: version },
      ];
      const data = (MetricName: string, Value: number) =>
        [0, 60_000].map((aheadMs) => ({
          ...{ MetricName, Value, Dimensions },
          Timestamp: new Date(Date.now() + aheadMs),
        }));
      const MetricData = [...data('Invocations', requests), ...data('Errors', errors)];
      await awsClient(CloudWatchClient, moto).send(
        new PutMetricDataCommand({ Namespace: 'AWS/Lambda', MetricData }),
      );
    },

    /** Who holds a model's lease. */
    async leaseHolder(model: string): Promise<LeaseHolder | null | undefined> {
      const get = new GetItemCommand({ TableName: table, Key: modelKey(model) });
      const { Item } = await dynamo().send(get);
      return Item && recordIn<ModelRecord>(Item).lease.holder;
    },

    /** What has come out of the bus, in the order in which it came. */
    async told(): Promise<readonly SlipwayEvent['detail'][]> {
      return ((await told()) as readonly SlipwayEvent[]).map(({ detail }) => detail);
    },

    async close() {
      await models.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
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
    SLIPWAY_STATE_MACHINE: MACHINE,
    SLIPWAY_API: api.id,
    SLIPWAY_API_STAGE: api.stage,
    SLIPWAY_MODELS_RESOURCE: api.modelsResource,
    SLIPWAY_AUTHORIZER: api.authorizer,
    SLIPWAY_REPOSITORY: functions.repository,
    SLIPWAY_FUNCTION_PREFIX: functions.prefix,
    SLIPWAY_MODEL_ROLE: functions.role,
    SLIPWAY_MODEL_SUBNETS: functions.subnets.join(','),
    SLIPWAY_MODEL_SECURITY_GROUP: functions.securityGroup,
    SLIPWAY_MODEL_LOG_GROUP: functions.logGroup,
    SLIPWAY_ENVIRONMENT_HASH: 'environment-1',
    SLIPWAY_BAKE_SECONDS: String(BAKE_SECONDS),
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
  const file = readFileSync(new URL('../../infra/workflow.yml', import.meta.url), 'utf8');
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
