import { APIGatewayClient, GetResourcesCommand } from '@aws-sdk/client-api-gateway';
import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import {
  GetAliasCommand,
  InvokeCommand,
  type LambdaClient,
  ListAliasesCommand,
  ListFunctionsCommand,
  ListVersionsByFunctionCommand,
} from '@aws-sdk/client-lambda';
import { invocationEvent, readResponse } from '#adapters/aws/api/invocation-event.ts';
import { groupCounter } from '#adapters/aws/ecs/container-front.ts';
import {
  ALIASES,
  type FunctionKind,
  type ModelFunctions,
} from '#adapters/aws/lambda/model-function.ts';
import type { Counter } from '#adapters/aws/logs/metric-sums.ts';
import { mechanismOf, type RevisionRef } from '#domain/placement/target.ts';
import type { Clock } from '#ports/clock.ts';
import { awsClient } from '../aws/clients.ts';
import type { Moto } from '../aws/moto.ts';
import type { awsWorldContainers } from './containers.ts';

type Options = {
  readonly lambda: LambdaClient;
  readonly functions: ModelFunctions;
  readonly api: { readonly id: string; readonly stage: string };
  readonly containers: Awaited<ReturnType<typeof awsWorldContainers>>;
  /** The clock of the counters of traffic. */
  readonly clock: Clock;
};

// The names are in the order of the values that `count` writes.
const GROUP_COUNTS = [
  'RequestCount',
  'HTTPCode_Target_5XX_Count',
  'HTTPCode_Target_2XX_Count',
] as const;

/** A client's view of a model, and the model's resources in the account. */
export function awsLooks(moto: Moto, { lambda, functions, api, containers, clock }: Options) {
  const apiGateway = awsClient(APIGatewayClient, moto);
  const nameOf = (model: string) => functions.prefix + model;

  async function routes() {
    const { items = [] } = await apiGateway.send(
      new GetResourcesCommand({ restApiId: api.id, embed: ['methods'], limit: 500 }),
    );
    return items.filter(({ path }) => path?.startsWith('/models/'));
  }

  async function routeOf(model: string) {
    const found = (await routes()).find(({ path }) => path === `/models/${model}/{proxy+}`);
    return found?.resourceMethods?.['ANY'];
  }

  async function versionsOf(model: string) {
    const list = new ListVersionsByFunctionCommand({ FunctionName: nameOf(model) });
    const { Versions = [] } = await lambda.send(list);
    return Versions.filter(({ Version }) => Version !== '$LATEST');
  }

  async function askFunction(uri: string, model: string, path: string, body: string) {
    const Qualifier = /:([^:/]+)\/[\w-]+$/.exec(uri)?.[1];
    const Payload = JSON.stringify(
      invocationEvent(api.stage, {
        model,
        method: 'POST',
        path,
        sent: { body, contentType: 'application/json', isBase64: false },
      }),
    );
    const output = await lambda.send(
      new InvokeCommand({ FunctionName: nameOf(model), Qualifier, Payload }),
    );
    const payload = Buffer.from(output.Payload ?? []).toString();
    // API Gateway takes only the shape that it asked for.
    const isAsked =
      payload.includes('\0'.repeat(8)) === uri.endsWith('/response-streaming-invocations');
    const response = isAsked ? readResponse(payload) : undefined;
    return inferred(response?.status, response?.headers['x-slipway-revision'], response?.body);
  }

  async function countersOf(ref: RevisionRef): Promise<readonly Counter[]> {
    const { revision } = ref;
    const mechanism = mechanismOf(ref);
    if (mechanism === 'container') {
      const group = await containers.groupOf(revision);
      return GROUP_COUNTS.map((name) => groupCounter(containers.front, group, name));
    }
    const model = revision.replace(/-v\d+$/, '');
    const version = (await versionsOf(model)).findLast(
      ({ Description }) => Description === revision,
    );
    const dimensions = {
      FunctionName: nameOf(model),
      Resource: `${nameOf(model)}:${ALIASES[mechanism]}`,
      ExecutedVersion: version?.Version ?? '',
    };
    return ['Invocations', 'Errors'].map((name) => ({ namespace: 'AWS/Lambda', name, dimensions }));
  }

  return {
    /** Calls a model as the API passes on a request of its route. */
    async infer(model: string, body: unknown) {
      const { uri = '' } = (await routeOf(model))?.methodIntegration ?? {};
      const path = `/v2/models/${model}/infer`;
      return uri.startsWith('http:')
        ? askContainers(`${containers.endpoint}/${api.stage}/models/${model}${path}`, body)
        : askFunction(uri, model, path, JSON.stringify(body));
    },

    /** The version that the alias leads to, with its weights. */
    async alias(model: string, kind: FunctionKind = 'function') {
      const named = { FunctionName: nameOf(model), Name: ALIASES[kind] };
      const { FunctionVersion, RoutingConfig } = await lambda.send(new GetAliasCommand(named));
      return { version: FunctionVersion, weights: RoutingConfig?.AdditionalVersionWeights ?? {} };
    },

    /** The function's published versions, by the revisions that they are. */
    async versions(model: string): Promise<readonly (string | undefined)[]> {
      return (await versionsOf(model)).map(({ Description }) => Description);
    },

    /** The method of the model's route. */
    route: routeOf,

    /** Adds a revision's requests and errors to AWS's metrics, for this minute and the next. */
    async count(ref: RevisionRef, requests: number, errors: number) {
      const counters = await countersOf(ref);
      const MetricData = counters.flatMap(({ name, dimensions }, index) =>
        [0, 60_000].map((aheadMs) => ({
          MetricName: name,
          Value: [requests, errors, requests - errors][index],
          Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
          Timestamp: new Date(clock.now() + aheadMs),
        })),
      );
      const put = new PutMetricDataCommand({ Namespace: counters[0]?.namespace, MetricData });
      await awsClient(CloudWatchClient, moto).send(put);
    },

    /** Adds requests of clients to the metrics of a function's alias: so many a second on average over the last hours, all of them in each fifth minute. */
    async callSince(model: string, hours: number, perSecond: number) {
      const FunctionName = nameOf(model);
      const dimensions = { FunctionName, Resource: `${FunctionName}:${ALIASES.function}` };
      const MetricData = Array.from({ length: hours * 12 }, (_, ago) => ({
        MetricName: 'Invocations',
        Value: perSecond * 300,
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
        Timestamp: new Date(clock.now() - ago * 300_000),
      }));
      const put = new PutMetricDataCommand({ Namespace: 'AWS/Lambda', MetricData });
      await awsClient(CloudWatchClient, moto).send(put);
    },

    /** The number of things that deployments make; images, logs and the registry's history stay, and end by themselves. */
    async inventory() {
      const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
      const names = Functions.flatMap(({ FunctionName }) => FunctionName ?? []);
      let aliases = 0;
      for (const FunctionName of names) {
        const found = await lambda.send(new ListAliasesCommand({ FunctionName }));
        aliases += found.Aliases?.length ?? 0;
      }
      const counts = { functions: names.length, aliases, routes: (await routes()).length };
      return { ...(await containers.inventory()), ...counts };
    },
  };
}

async function askContainers(url: string, body: unknown) {
  // A connection that is kept may be closed at the moment in which it is used again.
  const headers = { 'content-type': 'application/json', connection: 'close' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  const revision = response.headers.get('x-slipway-revision') ?? undefined;
  return inferred(response.status, revision, await response.text());
}

function inferred(status: number | undefined, revision: string | undefined, body = '{}') {
  const { outputs } = JSON.parse(body || '{}');
  return { status, revision, data: outputs?.[0]?.data };
}
