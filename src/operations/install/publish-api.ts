import { setTimeout as sleep } from 'node:timers/promises';
import { APIGatewayClient, type APIGatewayClientConfig } from '@aws-sdk/client-api-gateway';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { apiLease } from '#adapters/aws/api/api-lease.ts';
import { routeRecords } from '#adapters/aws/api/route-records.ts';
import { apiDraft } from '#adapters/aws/routes/api-draft.ts';
import { modelRoutes } from '#adapters/aws/routes/model-routes.ts';
import { settleStage } from '#adapters/aws/routes/stage-settings.ts';
import { systemClock } from '#adapters/clocks.ts';
import { originsIn } from '#domain/cors.ts';
import { failureName } from '#domain/failure.ts';

/** The stack, from its outputs; the last three only when it has containers. Without `RequestsPerSecond` the settings of the stage stay as they are, without `AccessLog` its log; without `CorsOrigins` no page of another origin may call models. */
export type PublishedStack = {
  readonly stage: string;
  readonly outputs: {
    readonly Table: string;
    readonly Api: string;
    readonly ApiStage: string;
    readonly ModelsResource: string;
    readonly Authorizer: string;
    readonly RequestsPerSecond?: string;
    readonly AccessLog?: string;
    readonly CorsOrigins?: string;
    readonly Listener?: string;
    readonly LoadBalancer?: string;
    readonly VpcLink?: string;
  };
};

const TRIES = 10;

/** Publishes the API after a stack update, under the same exclusive lease as deployments of models (docs/adr/0003), and then gives its stage the settings that the template can no longer change. Each attempt waits 30 s for the deployments. */
export async function publishApi(
  { stage, outputs }: PublishedStack,
  settings: Pick<APIGatewayClientConfig, 'region' | 'credentials'>,
): Promise<void> {
  const clock = systemClock;
  const dynamo = new DynamoDBClient(settings);
  const { Table: table, Api, ApiStage, ModelsResource, Authorizer } = outputs;
  const { Listener, LoadBalancer, VpcLink } = outputs;
  const isWithContainers = Listener && LoadBalancer && VpcLink;
  const api = {
    id: Api,
    stage: ApiStage,
    modelsResource: ModelsResource,
    authorizer: Authorizer,
    corsOrigins: originsIn(outputs.CorsOrigins ?? ''),
  };
  const apiGateway = new APIGatewayClient(settings);
  const routes = modelRoutes({
    api,
    clock,
    draft: apiDraft(apiGateway, api),
    lease: apiLease({ clock, sleep: (ms: number) => sleep(ms), dynamo, table, api: Api }),
    records: routeRecords({ dynamo, table, api: Api }),
    front: isWithContainers
      ? { stage, listener: Listener, host: LoadBalancer, vpcLink: VpcLink }
      : null,
  });
  await patiently(() => routes.publish());
  if (!outputs.RequestsPerSecond) return;
  const wish = {
    requestsPerSecond: Number(outputs.RequestsPerSecond),
    accessLog: outputs.AccessLog === 'off' ? null : outputs.AccessLog,
  };
  await patiently(async () => void (await settleStage(apiGateway, api, wish)));
}

async function patiently(attempt: () => Promise<void>): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await attempt();
    } catch (error) {
      const name = failureName(error);
      const isPassing = name === 'PlatformThrottled' || name === 'PlatformUnavailable';
      if (!isPassing || tried === TRIES) throw error;
    }
  }
}
