import {
  type APIGatewayClient,
  GetStageCommand,
  UpdateStageCommand,
} from '@aws-sdk/client-api-gateway';
import { translated } from '#adapters/aws/failures.ts';
import type { ModelApi } from './api-draft.ts';

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

/** Gives the stage this access log, where it has another: the template's own stage must not change (infra/api.yml). A stage without a log is left without one. */
export async function setAccessLog(
  apiGateway: APIGatewayClient,
  { id: restApiId, stage: stageName }: Pick<ModelApi, 'id' | 'stage'>,
): Promise<void> {
  const stage = { restApiId, stageName };
  await translated(async () => {
    const { accessLogSettings: log } = await apiGateway.send(new GetStageCommand(stage));
    if (!log?.destinationArn || log.format === ACCESS_LOG) return;
    const format = { op: 'replace', path: '/accessLogSettings/format', value: ACCESS_LOG } as const;
    await apiGateway.send(new UpdateStageCommand({ ...stage, patchOperations: [format] }));
  });
}
