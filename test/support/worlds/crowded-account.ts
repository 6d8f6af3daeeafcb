import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { revisionAddress, routeAddress } from '#adapters/aws/api/probe-address.ts';
import { functionRoutes } from '#adapters/aws/lambda/function-routes.ts';
import { lambdaPlatform } from '#adapters/aws/lambda/lambda-platform.ts';
import { lambdaProbes } from '#adapters/aws/lambda/lambda-prober.ts';
import { cloudWatchMetrics } from '#adapters/aws/metrics/cloudwatch-metrics.ts';
import { unfenced } from '#adapters/aws/registry/fenced-change.ts';
import { awsProber } from '#adapters/aws/routes/aws-prober.ts';
import { workflowEngine } from '#adapters/local/workflow/workflow-engine.ts';
import { stepHandlers } from '#compose/local-workflow.ts';
import { acceptShares, isSameShares, withoutZeros } from '#domain/rollout/shares.ts';
import { type StepName, workflow } from '#domain/workflow.ts';
import type { Router } from '#ports/router.ts';
import { awsClient } from '../aws/clients.ts';
import { lambdaInMemory } from '../aws/rules/lambda-in-memory.ts';
import { lambdaRate } from '../aws/rules/lambda-rate.ts';
import { awsRules } from '../aws/rules/rules.ts';
import { sharedTime } from '../clock/shared-time.ts';
import { seeded } from '../fuzz/seeded.ts';
import { machines } from '../walk/asl.ts';
import { memoryWorld } from './memory.ts';
import { type Start, workflowOf } from './memory-way.ts';
import { NO_WAITS, virtualWaits } from './virtual-waits.ts';

const NOWHERE = { endpoint: 'http://127.0.0.1:9' };
const PREFIX = 'slipway-test-m-';
// The retries of the SDK in its mode `standard`: three attempts; a throttled call waits for half a second, then for a whole one.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
const ATTEMPTS = 3;
const THROTTLED_MS = 500;

type Crowd = {
  /** Requests a second that somebody else makes of the control plane. */
  readonly others: number;
  readonly seed: number;
};

/**
 * An account whose functions share a control plane of 15 requests a second, in virtual time and memory: the workflows that ship, with the steps over the adapters of Lambda.
 * Each step runs in a process that knows nothing of the one before. The route of the REST API is there at once.
 */
export function crowdedAccount({ others, seed }: Crowd) {
  const world = memoryWorld({ engine: 'image', offered: ['lambda'] });
  const { clock, deps, steps } = world;
  const time = sharedTime(clock);
  const random = seeded(seed);
  const led = new Set<string>();
  const rate = lambdaRate(clock.now, others);
  const rules = awsRules([...rate, ...lambdaInMemory(served)]);
  const noMetrics = awsRules([
    {
      name: 'cloudwatch: nothing was counted yet',
      service: 'CloudWatch',
      commands: ['GetMetricData'],
      source: 'https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics.html',
      before: () => ({ output: { MetricDataResults: [] } }),
    },
  ]);
  let runs = 0;

  /** The ports of Lambda as one invocation of a step's function makes them. */
  function ports() {
    const lambda = awsClient(LambdaClient, NOWHERE, rules);
    lambda.config.retryStrategy = async () => retries();
    const cloudWatch = awsClient(CloudWatchClient, NOWHERE, noMetrics);
    const waiting = { clock, sleep: time.sleep };
    const side = functionRoutes({
      kind: 'function',
      lambda,
      clock,
      api: {
        id: 'api',
        stage: 'api',
        modelsResource: 'models',
        authorizer: 'authorizer',
        corsOrigins: [],
      },
      functionPrefix: PREFIX,
      isPointedAt: async (model) => led.has(model),
    });
    const router: Router = {
      route: routeAddress,
      testPath: revisionAddress,
      models: async () => [...led],
      shares: (model) => side.shares(model),
      async setShares(model, shares, expected) {
        const wish = acceptShares(shares);
        await side.known(model, Object.keys(wish));
        await side.set(model, wish, expected, unfenced);
        led.add(model);
      },
      async verify(model, shares) {
        const told = await side.shares(model);
        if (!isSameShares(told, withoutZeros(shares))) return { kind: 'different', shares: told };
        const reason = await side.stray(model, told);
        return reason === undefined ? { kind: 'verified' } : { kind: 'pending', reason };
      },
      remove: (model) => side.remove(model, unfenced),
    };
    const platform = lambdaPlatform({
      ...waiting,
      lambda,
      logs: { tail: async () => [] },
      fence: { pass: async () => {} },
      accountLimits: world.accountLimits,
      apiStage: 'api',
      startLookMs: 30_000,
      functions: {
        stage: 'test',
        team: 'unassigned',
        prefix: PREFIX,
        repository: '123456789012.dkr.ecr.us-east-1.amazonaws.com/slipway-test',
        role: 'arn:aws:iam::123456789012:role/model',
        subnets: ['subnet-1'],
        securityGroup: 'sg-1',
        logGroup: '/slipway/test/models',
        corsOrigins: [],
      },
    });
    return {
      router,
      lambda: platform,
      platforms: { ...deps.platforms, lambda: platform },
      metrics: cloudWatchMetrics({
        clock,
        lambda,
        cloudWatch,
        functionPrefix: PREFIX,
        containers: null,
      }),
      prober: awsProber({
        functions: lambdaProbes({ lambda, functionPrefix: PREFIX, apiStage: 'api' }),
        containers: () => Promise.reject(new Error('there is no container')),
        records: { read: async (model) => ({ model, serves: null, left: [] }) as never },
        counts: { add: async () => {} },
      }),
    };
  }

  function retries() {
    const token = (count: number) => ({ getRetryCount: () => count, getRetryDelay: () => 0 });
    return {
      acquireInitialRetryToken: async () => token(0),
      async refreshRetryTokenForRetry(
        { getRetryCount }: ReturnType<typeof token>,
        { errorType }: { readonly errorType: string },
      ) {
        const count = getRetryCount() + 1;
        const isPassing = errorType === 'THROTTLING' || errorType === 'TRANSIENT';
        if (!isPassing || count >= ATTEMPTS) throw new Error('no attempt is left');
        await time.sleep(random() * THROTTLED_MS * 2 ** (count - 1));
        return token(count);
      },
      recordSuccess() {},
    };
  }

  function handlers() {
    const waiting = virtualWaits({ advance: time.sleep }, random);
    const names = Object.keys(workflow) as StepName[];
    const cold = names.map((name) => [
      name,
      waiting(name, async (payload) => {
        const answer = await stepHandlers({ ...deps, ...ports() })[name](payload);
        return workflow[name].output.parse(answer);
      }),
    ]);
    const { BuildEnvironment, BuildOwnImage, BuildImage } = steps;
    return { ...Object.fromEntries(cold), BuildEnvironment, BuildOwnImage, BuildImage };
  }

  function execute(start: Start): Promise<void> {
    runs += 1;
    const execution = `execution-${runs}`;
    const name = workflowOf(start);
    world.executions.begin(execution);
    return time.join(
      () =>
        new Promise<void>((ended, failed) => {
          const engine = workflowEngine({
            definitions: { [name]: machines[name].definition },
            handlers: handlers(),
            onEnded: async () => ended(),
            overrides: NO_WAITS,
          });
          engine.start(name, execution, start).catch(failed);
        }),
    );
  }

  return {
    ...world,
    /** One execution to its end, beside those that run. */
    execute,
    /** How many requests the control plane has refused so far. */
    refused: () => rules.fired().filter((name) => name === rate[0]?.name).length,
  };
}

function served(revision: string, { path }: { readonly path: string }): object {
  const outputs = [{ name: 'y', datatype: 'FP32', shape: [1], data: [1] }];
  const body = path.endsWith('/ping') ? {} : { outputs };
  const headers = { 'x-slipway-revision': revision, 'content-type': 'application/json' };
  return { statusCode: 200, headers, body: JSON.stringify(body) };
}
