import { setTimeout as sleep } from 'node:timers/promises';
import { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { apiLease } from '#adapters/aws/api-lease.ts';
import { cloudWatchBuildLog } from '#adapters/aws/cloudwatch-build-log.ts';
import { cloudWatchMetrics } from '#adapters/aws/cloudwatch-metrics.ts';
import { cloudWatchModelLogs } from '#adapters/aws/cloudwatch-model-logs.ts';
import { dynamoRegistry } from '#adapters/aws/dynamo-registry.ts';
import { eventBridgeBus } from '#adapters/aws/event-bridge-bus.ts';
import { lambdaPlatform } from '#adapters/aws/lambda-platform.ts';
import { lambdaProber } from '#adapters/aws/lambda-prober.ts';
import { restApiRouter } from '#adapters/aws/rest-api-router.ts';
import { s3ArtifactStore } from '#adapters/aws/s3-artifact-store.ts';
import {
  type ExecutionEnd,
  type TaskHandler,
  workflowEngine,
} from '#adapters/local/workflow-engine.ts';
import { stepHandlers } from '#compose/local-workflow.ts';
import { deploymentId } from '#domain/deployment.ts';
import type { ObjectCreated } from '#domain/workflow.ts';
import type { Registry } from '#ports/registry.ts';
import { publishEvents } from '#steps/publish-events.ts';
import { settle } from '#steps/settle.ts';
import { settleEnded } from '#steps/sweep.ts';
import { awsClient } from './aws-clients.ts';
import { apiGatewayRules } from './aws-rules/apigateway.ts';
import { dynamodbRules } from './aws-rules/dynamodb.ts';
import { lambdaImageRules } from './aws-rules/ecr.ts';
import { eventbridgeRules } from './aws-rules/eventbridge.ts';
import { lambdaStates } from './aws-rules/lambda.ts';
import { lambdaAliases } from './aws-rules/lambda-alias.ts';
import { s3Rules } from './aws-rules/s3.ts';
import { type AnyClient, addMiddleware, awsError, awsRules } from './aws-rules.ts';
import { awsWorld } from './aws-world.ts';
import { oneAtATime } from './aws-world-outbox.ts';
import { type Attempt, bytesOf, type Run, statesOf } from './aws-world-paths.ts';
import { deployAsl } from './deploy-asl.ts';
import { onOutbox } from './dynamo-world.ts';
import type { Moto } from './moto.ts';

const clock = { now: Date.now };

export type LocalAws = Awaited<ReturnType<typeof localAws>>;

/** The workflow that ships, run by the local engine, with the steps over the AWS adapters behind AWS's rules. */
export async function localAws(moto: Moto) {
  const world = await awsWorld(moto, (ecr) =>
    awsRules([
      ...s3Rules,
      ...dynamodbRules(),
      ...eventbridgeRules,
      ...lambdaStates({ looks: 0 }).rules,
      ...lambdaAliases(),
      ...lambdaImageRules(ecr),
      ...apiGatewayRules(clock.now),
    ]),
  );
  const { rules } = world;
  const faults: { command: string; left: number }[] = [];
  const client = <Client extends AnyClient>(Client: Parameters<typeof awsClient<Client>>[0]) =>
    rules.guard(throttled(awsClient(Client, world.front), faults));
  const ports = awsPorts(
    world,
    client,
    onOutbox(world.dynamo(rules), () => publishing.poke()),
  );
  const publishing = oneAtATime(publishEvents({ registry: ports.registry, bus: ports.bus }));
  const ends = new Map<string, (end: ExecutionEnd) => void>();
  let attempts: Attempt[] = [];
  let payloadBytes = 0;

  const observed = (state: string, handler: TaskHandler): TaskHandler => {
    return async (payload) => {
      try {
        const answer = await handler(payload);
        payloadBytes = Math.max(payloadBytes, bytesOf(payload), bytesOf(answer));
        attempts.push({ state, error: '' });
        return answer;
      } catch (error) {
        attempts.push({ state, error: (error as Error).name });
        throw error;
      }
    };
  };
  const handlers = {
    ...stepHandlers({
      ...ports,
      ...{ clock, engine: 'image', provisioningSeconds: 300, waitMs: 0 },
      bakeSeconds: world.bakeSeconds,
      environmentHash: String(world.values['SLIPWAY_ENVIRONMENT_HASH']),
      executions: {
        start: (name, input) => engine.start(name, input),
        isRunning: (name) => engine.isRunning(name),
      },
    }),
    BuildImage: world.builds.build,
  };
  const engine = workflowEngine({
    definition: deployAsl,
    handlers: Object.fromEntries(
      Object.entries(handlers).map(([state, handler]) => [state, observed(state, handler)]),
    ),
    onEnded: async (end) => ends.get(end.execution)?.(end),
  });
  const ended = settleEnded({
    registry: ports.registry,
    executions: engine,
    settle: settle({ registry: ports.registry, artifacts: ports.artifacts }),
  });
  let executions = 0;

  return {
    ...world,
    ports,
    fired: rules.fired,
    /** The next so many changes of a function's configuration are too many. */
    throttleConfiguration: (times: number) =>
      void faults.push({ command: 'UpdateFunctionConfiguration', left: times }),

    /** One execution of an event to its end, settled and published. */
    async run(event: ObjectCreated): Promise<Run> {
      executions += 1;
      const execution = `execution-${executions}`;
      attempts = [];
      payloadBytes = 0;
      const end = await new Promise<ExecutionEnd>((resolve, reject) => {
        ends.set(execution, resolve);
        engine.start(execution, event).catch(reject);
      });
      const { error, cause } = end;
      if (error) await ended({ executionArn: execution, status: 'FAILED', error, cause });
      await publishing.done();
      const phase = await phaseOf(ports.registry, event);
      return { execution, attempts, payloadBytes, states: statesOf(attempts, phase) };
    },

    async close() {
      await engine.stopAll();
      await world.close();
    },
  };
}

type World = Awaited<ReturnType<typeof awsWorld>>;
type MakeClient = <Client extends AnyClient>(
  Client: Parameters<typeof awsClient<Client>>[0],
) => Client;

/** As src/compose/aws-ports.ts makes them, with these clients. */
function awsPorts(world: World, client: MakeClient, dynamo: ReturnType<World['dynamo']>) {
  const { functions, api, table } = world;
  const functionPrefix = functions.prefix;
  const lambda = client(LambdaClient);
  const logs = client(CloudWatchLogsClient);
  return {
    registry: dynamoRegistry({ client: dynamo, table, clock }),
    artifacts: s3ArtifactStore({ client: client(S3Client), bucket: world.s3.bucket }),
    lambda: lambdaPlatform({
      ...{ clock, sleep, lambda, functions, startLookMs: 30_000, apiStage: api.stage },
      logs: cloudWatchModelLogs({ logs, group: functions.logGroup, clock }),
    }),
    router: restApiRouter({
      ...{ lambda, api, functionPrefix },
      apiGateway: client(APIGatewayClient),
      lease: apiLease({ clock, sleep, dynamo, table, api: api.id }),
    }),
    prober: lambdaProber({ lambda, functionPrefix, apiStage: api.stage }),
    metrics: cloudWatchMetrics({
      ...{ clock, functionPrefix, lambda },
      cloudWatch: client(CloudWatchClient),
    }),
    buildLog: cloudWatchBuildLog({ client: logs }),
    bus: eventBridgeBus({ client: client(EventBridgeClient), bus: world.bus }),
  };
}

function throttled<Client extends AnyClient>(
  client: Client,
  faults: readonly { readonly command: string; left: number }[],
): Client {
  addMiddleware(client, (next, { commandName }) => async (args) => {
    const fault = faults.find(
      ({ command, left }) => left > 0 && commandName === `${command}Command`,
    );
    if (!fault) return next(args);
    fault.left -= 1;
    const name = 'TooManyRequestsException';
    throw awsError({ name, message: 'Rate exceeded', status: 429 });
  });
  return client;
}

async function phaseOf(
  registry: Pick<Registry, 'deployment'>,
  { detail: { bucket, object } }: ObjectCreated,
): Promise<string> {
  const id = await deploymentId(bucket.name, object.key, object['version-id'] ?? '');
  return (await registry.deployment(id))?.phase ?? 'Ignored';
}
