import type { Integration as Made, PutIntegrationCommandInput } from '@aws-sdk/client-api-gateway';
import { modelRoute } from '#adapters/aws/api/model-api.ts';
import type { Integration } from '#adapters/aws/api/route-records.ts';
import { type ContainerFront, loadBalancerArn } from '#adapters/aws/ecs/container-front.ts';
import { ANSWER_SECONDS } from '#adapters/aws/lambda/model-function.ts';
import { Failure } from '#domain/failure.ts';
import type { Mechanism } from '#domain/placement/target.ts';

export type IntegrationInput = Omit<
  PutIntegrationCommandInput,
  'httpMethod' | 'resourceId' | 'restApiId'
>;

/** The two resources of a model's route: its endpoint, which leads to its server's `/`, and all paths below that. */
export type RoutePart = 'endpoint' | 'proxy';

/** The parameters that a method must declare for any of the integrations to use. */
export const METHOD_PARAMETERS = {
  endpoint: {},
  proxy: { 'method.request.path.proxy': true },
} as const satisfies Record<RoutePart, object>;

// The endpoint's ends in `/`: a model's rule of the load balancer has the paths below its endpoint.
const CONTAINER_PATHS = {
  endpoint: { path: '/', parameters: {} },
  proxy: {
    path: '/{proxy}',
    parameters: { 'integration.request.path.proxy': 'method.request.path.proxy' },
  },
} as const satisfies Record<RoutePart, object>;

// The longest timeout of a streamed response.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
const STREAM_MS = 15 * 60_000;

// A container may reach the internet, so it must not see clients' keys to the API. A static value is quoted, in proxy integrations too:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-parameter-mapping.html
// Whether an empty value is accepted is not documented. Not tried here: whether Authorization, which API Gateway treats specially, can be overridden.
const WITHOUT_KEYS = {
  'integration.request.header.x-api-key': "'-'",
  'integration.request.header.Authorization': "'-'",
} as const;

// The path that the client asked for: a container only sees the load balancer's name and the path behind it. And by which key, as its id, so that a language model's tokens can be summed by it, and as which request, so that the server's log can be read beside the access log.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-parameter-mapping-sources.html
const ASKED = {
  'integration.request.header.x-slipway-domain': 'context.domainName',
  'integration.request.header.x-slipway-path': 'context.path',
  'integration.request.header.x-slipway-key-id': 'context.identity.apiKeyId',
  'integration.request.header.x-slipway-request-id': 'context.requestId',
} as const;

/**
 * How API Gateway calls a function: `Invoke`, or `InvokeWithResponseStream`, whose answers must begin with their metadata.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
 */
const CALLS = {
  function: { version: '2015-03-31', action: 'invocations' },
  'streaming-function': { version: '2021-11-15', action: 'response-streaming-invocations' },
} as const;

/** The mechanism that an integration leads to. */
export function mechanismAt(integration: Pick<Made, 'type' | 'uri'>): Mechanism {
  if (integration.type !== 'AWS_PROXY') return 'container';
  const { action } = CALLS['streaming-function'];
  return integration.uri?.endsWith(`/${action}`) ? 'streaming-function' : 'function';
}

/** How the API forwards a model's requests. */
export function integrationInput(
  to: Integration,
  model: string,
  front: ContainerFront | null,
  part: RoutePart,
): IntegrationInput {
  if (to.kind !== 'container') return functionInput(to);
  if (front) return containerInput(model, front, part);
  throw new Failure('SharesRefused', `${model} is on containers, which this stack does not have`);
}

/** https://docs.aws.amazon.com/apigateway/latest/api/API_PutIntegration.html, `uri` */
function functionInput({
  kind,
  aliasArn,
}: Exclude<Integration, { readonly kind: 'container' }>): IntegrationInput {
  const [, partition, , region] = aliasArn.split(':');
  const { version, action } = CALLS[kind];
  return {
    type: 'AWS_PROXY',
    integrationHttpMethod: 'POST',
    responseTransferMode: kind === 'function' ? 'BUFFERED' : 'STREAM',
    timeoutInMillis: ANSWER_SECONDS[kind] * 1000,
    uri: `arn:${partition}:apigateway:${region}:lambda:path/${version}/functions/${aliasArn}/${action}`,
  };
}

function containerInput(model: string, front: ContainerFront, part: RoutePart): IntegrationInput {
  const { path, parameters } = CONTAINER_PATHS[part];
  return {
    type: 'HTTP_PROXY',
    integrationHttpMethod: 'ANY',
    uri: `http://${front.host}${modelRoute(model)}${path}`,
    requestParameters: { ...parameters, ...WITHOUT_KEYS, ...ASKED },
    connectionType: 'VPC_LINK',
    connectionId: front.vpcLink,
    // The guide asks for a load balancer's ARN, the SDK for a listener's; this has not been tried here.
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-private-integration.html
    integrationTarget: loadBalancerArn(front),
    responseTransferMode: 'STREAM',
    timeoutInMillis: STREAM_MS,
  };
}
