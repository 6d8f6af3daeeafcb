import { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { ECRClient } from '@aws-sdk/client-ecr';
import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SSMClient } from '@aws-sdk/client-ssm';
import { apiLease } from '#adapters/aws/api/api-lease.ts';
import { routeRecords } from '#adapters/aws/api/route-records.ts';
import { cloudWatchKeptLines } from '#adapters/aws/capture/cloudwatch-kept-lines.ts';
import { ssmCaptureKeys } from '#adapters/aws/capture/ssm-capture-keys.ts';
import { codeBuilds } from '#adapters/aws/code-builds.ts';
import { cloudWatchTaskLogs } from '#adapters/aws/ecs/cloudwatch-task-logs.ts';
import { frontDoorProbes } from '#adapters/aws/ecs/front-door-prober.ts';
import { ecsPlatform } from '#adapters/aws/ecs/platform.ts';
import type { EcsSettings } from '#adapters/aws/ecs/settings.ts';
import { eventBridgeBus } from '#adapters/aws/event-bridge-bus.ts';
import { lambdaPlatform } from '#adapters/aws/lambda/lambda-platform.ts';
import { lambdaProbes } from '#adapters/aws/lambda/lambda-prober.ts';
import { cloudWatchBuildLog } from '#adapters/aws/logs/cloudwatch-build-log.ts';
import { cloudWatchModelLogs } from '#adapters/aws/logs/cloudwatch-model-logs.ts';
import { cloudWatchDemand } from '#adapters/aws/metrics/cloudwatch-demand.ts';
import { cloudWatchMetrics } from '#adapters/aws/metrics/cloudwatch-metrics.ts';
import { dynamoAccountLimits } from '#adapters/aws/registry/dynamo-account-limits.ts';
import { dynamoPrices } from '#adapters/aws/registry/dynamo-prices.ts';
import { dynamoRegistry } from '#adapters/aws/registry/dynamo-registry.ts';
import { dynamoFence } from '#adapters/aws/registry/fence.ts';
import { dynamoProbeCounts } from '#adapters/aws/registry/probe-counts.ts';
import { awsProber } from '#adapters/aws/routes/aws-prober.ts';
import { restApiRouter } from '#adapters/aws/routes/rest-api-router.ts';
import { ecrEnvironments } from '#adapters/aws/store/ecr-environments.ts';
import { ecrModelImages } from '#adapters/aws/store/ecr-model-images.ts';
import { s3ArtifactStore } from '#adapters/aws/store/s3-artifact-store.ts';
import { keptRequests } from '#adapters/capture/kept-requests.ts';
import { PROVISIONING_SECONDS } from '#compose/aws-ports.ts';
import { AWS_REGION, type awsClient } from '../aws/clients.ts';
import { listingLeft } from '../aws/lambda-platform.ts';
import type { AnyClient } from '../aws/rules/rules.ts';
import type { FakeClock } from '../clock/fake-clock.ts';
import type { AwsWorld } from './world.ts';

type MakeClient = <Client extends AnyClient>(
  Client: Parameters<typeof awsClient<Client>>[0],
) => Client;

type Options = {
  readonly client: MakeClient;
  readonly dynamo: ReturnType<AwsWorld['dynamo']>;
  readonly clock: FakeClock;
};

/** The ports that src/compose/aws-ports.ts makes, with these clients, and in virtual time: a sleep moves the clock. */
export function awsPorts(world: AwsWorld, { client, dynamo, clock }: Options) {
  const { functions, api, table, containers } = world;
  const functionPrefix = functions.prefix;
  const sleep = async (ms: number) => clock.advance(ms);
  const lambda = client(LambdaClient);
  const logs = client(CloudWatchLogsClient);
  const cloudWatch = client(CloudWatchClient);
  const elb = client(ElasticLoadBalancingV2Client);
  const fence = dynamoFence({ client: dynamo, table });
  const records = routeRecords({ dynamo, table, api: api.id });
  const captureKeys = ssmCaptureKeys({ client: client(SSMClient), stage: functions.stage });
  const way = { elb, front: containers.front };
  const ecs = {
    clock,
    sleep,
    elb,
    fence,
    logs: cloudWatchTaskLogs(logs, functions.logGroup),
    ecs: client(ECSClient),
    autoScaling: client(ApplicationAutoScalingClient),
  };
  const url = containers.values.SLIPWAY_API_URL;
  const probes = dynamoProbeCounts({ client: dynamo, table, clock });
  const accountLimits = dynamoAccountLimits({ client: dynamo, table, clock });
  return {
    accountLimits,
    registry: dynamoRegistry({ client: dynamo, table, clock }),
    artifacts: s3ArtifactStore({ client: client(S3Client), bucket: world.s3.bucket }),
    platforms: {
      lambda: lambdaPlatform({
        clock,
        sleep,
        fence,
        accountLimits,
        functions,
        startLookMs: 30_000,
        apiStage: api.stage,
        lambda: listingLeft(client(LambdaClient), lambda),
        logs: cloudWatchModelLogs({ logs, group: functions.logGroup, clock }),
      }),
      fargate: ecsPlatform({ ...ecs, settings: settings(world, 'fargate') }),
      ec2: ecsPlatform({ ...ecs, settings: settings(world, 'ec2') }),
    },
    router: restApiRouter({
      lambda,
      api,
      functionPrefix,
      cloudWatch,
      fence,
      records,
      clock,
      containers: way,
      apiGateway: client(APIGatewayClient),
      lease: apiLease({ clock, sleep, dynamo, table, api: api.id }),
    }),
    prober: awsProber({
      functions: lambdaProbes({ lambda, functionPrefix, apiStage: api.stage }),
      containers: frontDoorProbes({ url, identity: lambda.config }),
      records,
      counts: probes,
    }),
    captureKeys,
    keptRequests: keptRequests({
      clock,
      keys: captureKeys,
      lines: cloudWatchKeptLines({ logs, clock, group: functions.logGroup }),
    }),
    metrics: cloudWatchMetrics({ clock, functionPrefix, lambda, cloudWatch, containers: way }),
    demand: cloudWatchDemand({ clock, functionPrefix, cloudWatch, containers: way, probes }),
    prices: dynamoPrices(dynamo, table),
    buildLog: cloudWatchBuildLog({ client: logs }),
    builds: codeBuilds({ client: client(CodeBuildClient), stage: 'test' }),
    images: ecrModelImages({
      lambda,
      functionPrefix,
      repository: functions.repository,
      client: client(ECRClient),
    }),
    environments: ecrEnvironments({
      client: client(ECRClient),
      repository: world.environments.uri,
    }),
    bus: eventBridgeBus({ client: client(EventBridgeClient), bus: world.bus }),
  };
}

function settings(
  { functions, api, containers: { network, values } }: AwsWorld,
  target: 'fargate' | 'ec2',
): EcsSettings {
  return {
    stage: functions.stage,
    team: functions.team,
    region: AWS_REGION,
    repository: functions.repository,
    apiStage: api.stage,
    ...network,
    executionRole: values.SLIPWAY_EXECUTION_ROLE,
    logGroup: functions.logGroup,
    corsOrigins: [],
    provisioningSeconds: PROVISIONING_SECONDS[target],
    capacity:
      target === 'fargate'
        ? { target, cluster: values.SLIPWAY_CLUSTER, assignPublicIp: true }
        : {
            target,
            infrastructureRole: values.SLIPWAY_INFRASTRUCTURE_ROLE,
            instanceProfile: values.SLIPWAY_INSTANCE_PROFILE,
          },
  };
}
