import {
  type APIGatewayClient,
  GetStageCommand,
  type PatchOperation,
  type Stage,
  UpdateStageCommand,
} from '@aws-sdk/client-api-gateway';
import type { ModelApi } from '#adapters/aws/api/model-api.ts';
import { translated } from '#adapters/aws/failures.ts';

/**
 * The line that a stage logs for each request, as one JSON object. Each variable stands between quotes, and none of them has a quote in it: `error` is the type of API Gateway's own answer, or `-`.
 * Its message would not do: `error.message` may have quotes in it, and `error.messageString` brings quotes of its own.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
 */
export const ACCESS_LOG = JSON.stringify({
  time: '$context.requestTime',
  id: '$context.requestId',
  ip: '$context.identity.sourceIp',
  key: '$context.identity.apiKeyId',
  method: '$context.httpMethod',
  path: '$context.path',
  status: '$context.status',
  bytes: '$context.responseLength',
  ms: '$context.responseLatency',
  modelStatus: '$context.integration.integrationStatus',
  modelMs: '$context.integration.latency',
  error: '$context.error.responseType',
  trace: '$context.xrayTraceId',
});

/** The most requests that a stage takes from all callers together, with and without a key; and the ARN of the delivery stream for its access log, null for none. A stage keeps its log as it is where that is undefined. */
export type StageWish = {
  readonly requestsPerSecond: number;
  readonly accessLog: string | null | undefined;
};

// A second's requests may come at once.
const BURST_SECONDS = 2;
// The default of all methods. https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html
const EVERY_METHOD = '*/*';

/**
 * Gives the stage what the template cannot change in it any more (infra/api.yml): its access log, its tracing, and the most requests that it lets through. Settings that it already has are not written again.
 * Answers whether anything was changed.
 */
export async function settleStage(
  apiGateway: APIGatewayClient,
  { id: restApiId, stage: stageName }: Pick<ModelApi, 'id' | 'stage'>,
  wish: StageWish,
): Promise<boolean> {
  const stage = { restApiId, stageName };
  return translated(async () => {
    const patchOperations = changes(await apiGateway.send(new GetStageCommand(stage)), wish);
    if (patchOperations.length === 0) return false;
    await apiGateway.send(new UpdateStageCommand({ ...stage, patchOperations }));
    return true;
  });
}

function changes(found: Stage, { requestsPerSecond, accessLog }: StageWish): PatchOperation[] {
  const { accessLogSettings: log, tracingEnabled, methodSettings = {} } = found;
  const { throttlingRateLimit, throttlingBurstLimit } = methodSettings[EVERY_METHOD] ?? {};
  const burst = requestsPerSecond * BURST_SECONDS;
  const isLogged = accessLog === undefined ? log?.destinationArn !== undefined : accessLog !== null;
  const logged = [
    {
      path: '/accessLogSettings/destinationArn',
      has: log?.destinationArn,
      value: accessLog ?? log?.destinationArn,
    },
    { path: '/accessLogSettings/format', has: log?.format, value: ACCESS_LOG },
  ];
  const wanted = [
    ...(isLogged ? logged : []),
    { path: '/tracingEnabled', has: tracingEnabled, value: true },
    {
      path: `/${EVERY_METHOD}/throttling/rateLimit`,
      has: throttlingRateLimit,
      value: requestsPerSecond,
    },
    { path: `/${EVERY_METHOD}/throttling/burstLimit`, has: throttlingBurstLimit, value: burst },
  ];
  const replaced = wanted
    .filter(({ has, value }) => has !== value)
    .map(({ path, value }) => ({ op: 'replace' as const, path, value: String(value) }));
  // The whole of it goes at once, as Terraform does: hashicorp/terraform-provider-aws, internal/service/apigateway/stage.go.
  return accessLog === null && log
    ? [{ op: 'remove', path: '/accessLogSettings' }, ...replaced]
    : replaced;
}
