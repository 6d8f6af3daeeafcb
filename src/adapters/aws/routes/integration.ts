import type { PutIntegrationCommandInput } from '@aws-sdk/client-api-gateway';
import { type ContainerFront, loadBalancerArn } from '#adapters/aws/ecs/container-front.ts';
import { modelRoute } from '#adapters/aws/lambda/model-function.ts';
import limits from '#domain/data/lambda-limits.json' with { type: 'json' };
import { Failure } from '#domain/failure.ts';
import type { Integration } from './route-records.ts';

export type IntegrationInput = Omit<
  PutIntegrationCommandInput,
  'httpMethod' | 'resourceId' | 'restApiId'
>;

/** What a method must declare that any of the integrations takes from it. */
export const METHOD_PARAMETERS = { 'method.request.path.proxy': true } as const;

// The longest for an answer that is streamed.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
const STREAM_MS = 15 * 60_000;

// A container may reach the internet, and what clients show to the API is not its business. A static value stands in quotes, in proxy integrations too:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-parameter-mapping.html
// An empty one is nowhere said to be taken. Nobody has tried here whether Authorization, which API Gateway treats in its own way, can be set so.
const WITHOUT_KEYS = {
  'integration.request.header.x-api-key': "'-'",
  'integration.request.header.Authorization': "'-'",
} as const;

/** The type by which the integration of each mechanism is known. */
export const INTEGRATION_TYPES = { function: 'AWS_PROXY', container: 'HTTP_PROXY' } as const;

/** How the API hands a model's requests on. */
export function integrationInput(
  to: Integration,
  model: string,
  front: ContainerFront | null,
): IntegrationInput {
  if (to.kind === 'function') return functionInput(to.aliasArn);
  if (front) return containerInput(model, front);
  throw new Failure('SharesRefused', `${model} is on containers, which this stack does not have`);
}

/** https://docs.aws.amazon.com/apigateway/latest/api/API_PutIntegration.html, `uri` */
function functionInput(aliasArn: string): IntegrationInput {
  const [, partition, , region] = aliasArn.split(':');
  return {
    type: INTEGRATION_TYPES.function,
    integrationHttpMethod: 'POST',
    timeoutInMillis: limits.requestTimeoutSeconds * 1000,
    uri: `arn:${partition}:apigateway:${region}:lambda:path/2015-03-31/functions/${aliasArn}/invocations`,
  };
}

function containerInput(model: string, front: ContainerFront): IntegrationInput {
  return {
    type: INTEGRATION_TYPES.container,
    integrationHttpMethod: 'ANY',
    uri: `http://${front.host}${modelRoute(model)}/{proxy}`,
    requestParameters: {
      'integration.request.path.proxy': 'method.request.path.proxy',
      ...WITHOUT_KEYS,
    },
    connectionType: 'VPC_LINK',
    connectionId: front.vpcLink,
    // The guide gives a load balancer's ARN, the SDK says a listener's; nobody has tried it here.
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-private-integration.html
    integrationTarget: loadBalancerArn(front),
    responseTransferMode: 'STREAM',
    timeoutInMillis: STREAM_MS,
  };
}
