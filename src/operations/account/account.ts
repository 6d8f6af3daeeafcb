import { setTimeout as sleep } from 'node:timers/promises';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { DeleteObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SSMClient } from '@aws-sdk/client-ssm';
import { cloudWatchKeptLines } from '#adapters/aws/capture/cloudwatch-kept-lines.ts';
import { ssmCaptureKeys } from '#adapters/aws/capture/ssm-capture-keys.ts';
import { codeBuilds } from '#adapters/aws/code-builds.ts';
import { cloudWatchTaskLogs } from '#adapters/aws/ecs/cloudwatch-task-logs.ts';
import { executionSteps } from '#adapters/aws/execution-steps.ts';
import { translated } from '#adapters/aws/failures.ts';
import { readVersions } from '#adapters/aws/lambda/model-versions.ts';
import { cloudWatchBuildLog } from '#adapters/aws/logs/cloudwatch-build-log.ts';
import { cloudWatchModelLogs } from '#adapters/aws/logs/cloudwatch-model-logs.ts';
import { dynamoPrices } from '#adapters/aws/registry/dynamo-prices.ts';
import { dynamoRegistry } from '#adapters/aws/registry/dynamo-registry.ts';
import { stepFunctionsExecutions } from '#adapters/aws/step-functions-executions.ts';
import { listNewest } from '#adapters/aws/store/s3-versions.ts';
import { keptRequests } from '#adapters/capture/kept-requests.ts';
import { systemClock } from '#adapters/clocks.ts';
import type { Slipway } from '#control/slipway.ts';
import { modelOf } from '#domain/identity.ts';
import type { LogTails } from '#operations/models/model-status.ts';
import { slipwayRequests } from '#operations/slipway.ts';
import type { Executions } from '#ports/executions.ts';
import type { Platform } from '#ports/platform.ts';
import type { Registry } from '#ports/registry.ts';
import { MOST_ATTEMPTS, recover } from '#steps/recover.ts';
import { buildsProgress } from './builds-progress.ts';
import { type AwsAccount, clientSettings } from './clients.ts';
import { registryEvents } from './events.ts';
import { callerOf } from './identity.ts';
import { startIfLate } from './late-start.ts';
import { findStack, type SlipwayStack } from './stack.ts';
import { uploadToBucket } from './upload.ts';

const clock = systemClock;
/** A pause that does not keep a command from ending. */
const unheld = (ms: number) => sleep(ms, undefined, { ref: false });

/** The Slipway of an account, over its own table, bucket, workflows and logs, with the caller's credentials. */
export async function openAwsAccount(account: AwsAccount): Promise<Slipway> {
  const stack = await findStack(account);
  const { outputs } = stack;
  const registry = accountRegistry(account, outputs);
  const dynamo = new DynamoDBClient(clientSettings(account));
  const stepFunctions = new SFNClient(clientSettings(account));
  const executions = accountExecutions(stepFunctions, outputs);
  const builds = codeBuilds({
    client: new CodeBuildClient(clientSettings(account)),
    stage: account.stage,
  });
  const logs = new CloudWatchLogsClient(clientSettings(account));
  const buildLog = cloudWatchBuildLog({ client: logs });
  const keptLines = cloudWatchKeptLines({ logs, group: outputs.ModelLogGroup, clock });
  const captureKeys = ssmCaptureKeys({
    client: new SSMClient(clientSettings(account)),
    stage: account.stage,
  });
  const endpoint = (model: string) => `${outputs.Endpoint}/models/${model}`;
  const { Bucket } = outputs;
  const s3 = () => new S3Client(clientSettings(account));
  // The caller's identity is fetched once, however many files a folder has. A caller without the permission uploads all the same.
  let by: Promise<string | undefined> | undefined;
  let traffic: ReturnType<typeof import('./traffic.ts').accountTraffic> | undefined;
  return {
    ...slipwayRequests({
      registry,
      executions,
      keptLines,
      captureKeys,
      keptRequests: keptRequests({ lines: keptLines, keys: captureKeys, clock }),
      builds,
      recover: recover({ registry, executions, mostAttempts: MOST_ATTEMPTS }),
      clock,
      sleep: (ms) => sleep(ms),
      bucket: Bucket,
      endpoint,
      // In an account, CloudWatch's alarms report these.
      alerts: async () => [],
      untaken: async () => [],
      isInBucket: async () => true,
      logs: () => ({ platforms: logTails(account, outputs, logs), buildLog, builds }),
      isSpent: true,
      measurements: null,
      prices: dynamoPrices(dynamo, outputs.Table),
      demand: {
        async hours(...asked) {
          const { accountDemand } = await import('./traffic.ts');
          return accountDemand(account, stack).hours(...asked);
        },
      },
      async traffic(model, minutes) {
        // Its clients take a tenth of a second to load, which no other command needs.
        const { accountTraffic } = await import('./traffic.ts');
        traffic ??= accountTraffic(account, stack, registry);
        return traffic(model, minutes);
      },
      listBuilds: () => buildsProgress({ builds, buildLog }),
      readEvents: async (query) => registryEvents(registry, query),
      async objects(prefix) {
        const found = await listNewest(s3(), Bucket, prefix, {
          limit: Number.POSITIVE_INFINITY,
          isWanted: () => true,
        });
        return found.map(({ key }) => key);
      },
      async remove(Key) {
        await translated(() => s3().send(new DeleteObjectCommand({ Bucket, Key })));
      },
      steps: (execution) => translated(() => executionSteps(stepFunctions, execution)),
      answeredBy: () => callerOf(clientSettings(account)),
    }),
    endpoint,
    storage: async () => null,
    walls: async () => null,
    async upload(upload) {
      by ??= callerOf(clientSettings(account)).catch(() => undefined);
      const uploaded = await uploadToBucket(s3(), Bucket, { ...upload, by: await by });
      const late = { registry, executions, bucket: Bucket, sleep: unheld };
      void startIfLate(late, uploaded);
      return uploaded;
    },
  };
}

export function accountRegistry(
  account: AwsAccount,
  { Table }: Pick<SlipwayStack['outputs'], 'Table'>,
): Registry {
  const client = new DynamoDBClient(clientSettings(account));
  return dynamoRegistry({ client, table: Table, clock });
}

function accountExecutions(client: SFNClient, outputs: SlipwayStack['outputs']): Executions {
  return stepFunctionsExecutions({
    client,
    stateMachineArns: {
      deploy: outputs.StateMachine,
      promote: outputs.PromoteWorkflow,
      rollback: outputs.RollbackWorkflow,
      undeploy: outputs.UndeployWorkflow,
    },
  });
}

/** Functions name their log streams by their version's number, tasks by their revision. */
function logTails(
  account: AwsAccount,
  outputs: SlipwayStack['outputs'],
  logs: CloudWatchLogsClient,
): LogTails {
  const lambda = new LambdaClient(clientSettings(account));
  const group = outputs.ModelLogGroup;
  const functionLogs = cloudWatchModelLogs({ logs, group, clock });
  const tasks: Pick<Platform, 'logTail'> = { logTail: cloudWatchTaskLogs(logs, group).tail };
  return {
    lambda: {
      async logTail(revision, query) {
        const name = outputs.FunctionPrefix + modelOf(revision);
        const number = (await readVersions(lambda, name)).numbers.get(revision);
        return number ? functionLogs.tail(name, number, query) : [];
      },
    },
    fargate: tasks,
    ec2: tasks,
  };
}
