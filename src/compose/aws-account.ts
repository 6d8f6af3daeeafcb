import { setTimeout as sleep } from 'node:timers/promises';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { bounded } from '#adapters/aws/bounded.ts';
import { cloudWatchModelLogs } from '#adapters/aws/cloudwatch-model-logs.ts';
import { dynamoRegistry } from '#adapters/aws/dynamo-registry.ts';
import { lambdaPlatform } from '#adapters/aws/lambda-platform.ts';
import { Failure } from '#domain/failure.ts';
import type { Platform } from '#ports/platform.ts';
import type { Registry } from '#ports/registry.ts';
import { type AwsAccount, clientSettings } from './aws-account-clients.ts';
import { registryEvents } from './aws-account-events.ts';
import { findStack, type SlipwayStack } from './aws-account-stack.ts';
import { uploadToBucket } from './aws-account-upload.ts';
import { modelLog, modelStatus } from './model-status.ts';
import type { Slipway } from './slipway.ts';

const READS_AT_ONCE = 10;
const clock = { now: Date.now };

/** The Slipway of an account, by the ports over its own table, bucket and logs and with the caller's credentials. */
export async function openAwsAccount(account: AwsAccount): Promise<Slipway> {
  const { outputs } = await findStack(account);
  const registry = accountRegistry(account, outputs);
  const platform = accountPlatform(account, outputs);
  const endpoint = (model: string) => `${outputs.Endpoint}/models/${model}`;
  return {
    endpoint,
    async models() {
      const models = await registry.models();
      return bounded(models, READS_AT_ONCE, (model) =>
        modelStatus(registry, model, endpoint(model.name)),
      );
    },
    async logs(name) {
      const model = await registry.model(name);
      if (!model) throw new Failure('InputInvalid', `no model ${name}`);
      return modelLog(registry, platform, model);
    },
    events: (query) => registryEvents(registry, query),
    upload: (upload) =>
      uploadToBucket(new S3Client(clientSettings(account)), outputs.Bucket, upload),
  };
}

export function accountRegistry(
  account: AwsAccount,
  { Table }: Pick<SlipwayStack['outputs'], 'Table'>,
): Registry {
  const client = new DynamoDBClient(clientSettings(account));
  return dynamoRegistry({ client, table: Table, clock });
}

function accountPlatform(account: AwsAccount, outputs: SlipwayStack['outputs']): Platform {
  const settings = clientSettings(account);
  const logs = new CloudWatchLogsClient(settings);
  return lambdaPlatform({
    lambda: new LambdaClient(settings),
    logs: cloudWatchModelLogs({ logs, group: outputs.ModelLogGroup, clock }),
    functions: {
      stage: account.stage,
      prefix: outputs.FunctionPrefix,
      repository: outputs.Repository,
      role: outputs.ModelRole,
      subnets: outputs.ModelSubnets.split(','),
      securityGroup: outputs.ModelSecurityGroup,
      logGroup: outputs.ModelLogGroup,
    },
    apiStage: outputs.ApiStage,
    startLookMs: 0,
    clock,
    sleep: (ms) => sleep(ms),
  });
}
