import {
  type GetDeploymentsCommandOutput,
  GetResourcesCommand,
  GetStagesCommand,
  type Integration,
  type Resource,
} from '@aws-sdk/client-api-gateway';
import type { AwsCall, AwsRule } from './rules.ts';

type Summary = Readonly<Record<string, Readonly<Record<string, object>>>>;

const API = 'https://docs.aws.amazon.com/apigateway/latest';
const GAP_MS = 5_000;
const MOST_RESOURCES = 300;

// The variables of the context that integrations here ask for. https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html#context-variable-reference
const CONTEXT: ReadonlySet<string> = new Set([
  'context.domainName',
  'context.path',
  'context.identity.apiKeyId',
  'context.requestId',
]);

/**
 * API Gateway's rules for deployments, at the time `now` (epoch ms): each is a snapshot of the API, and anything outside it is not served.
 * `served` then has the integrations of the last one, by path.
 */
export function apiGatewayRules(
  now: () => number,
  served = new Map<string, Integration>(),
): readonly AwsRule[] {
  const summaries = new Map<string, Summary>();
  const deleted = new Set<string>();
  let lastDeployedMs = Number.NEGATIVE_INFINITY;

  return [
    {
      name: 'apigateway: an API has at most 300 resources',
      service: 'APIGateway',
      commands: ['CreateResource'],
      source: `${API}/developerguide/limits.html; the refusal: https://github.com/boto/boto3/issues/1296`,
      async before(call) {
        if ((await resourcesOf(call)).length < MOST_RESOURCES) return undefined;
        const message =
          'Maximum number of Resources for this API has been reached.  Please contact AWS if you need additional Resources.';
        return { name: 'LimitExceededException', message, status: 429 };
      },
    },
    {
      name: 'apigateway: an API is deployed once in 5 s',
      service: 'APIGateway',
      commands: ['CreateDeployment'],
      source: `${API}/developerguide/limits.html#api-gateway-control-service-limits-table`,
      before() {
        const isEarly = now() < lastDeployedMs + GAP_MS;
        if (!isEarly) lastDeployedMs = now();
        const message = 'Too Many Requests';
        return isEarly ? { name: 'TooManyRequestsException', message, status: 429 } : undefined;
      },
    },
    {
      name: 'apigateway: an API with a method without an integration is not deployed',
      service: 'APIGateway',
      commands: ['CreateDeployment'],
      source:
        'BadRequestException of CreateDeployment, as moto has it for an API without any integration',
      async before(call) {
        const methods = (await resourcesOf(call)).flatMap(({ resourceMethods }) =>
          Object.values(resourceMethods ?? {}),
        );
        if (methods.every(({ methodIntegration }) => methodIntegration)) return undefined;
        const message = 'No integration defined for method';
        return { name: 'BadRequestException', message, status: 400 };
      },
    },
    {
      name: 'apigateway: a deployment keeps a summary of the API as it was',
      service: 'APIGateway',
      commands: ['CreateDeployment', 'GetDeployment'],
      source: `${API}/api/API_GetDeployment.html`,
      async after(call, output) {
        const { id } = output as { id: string };
        if (call.command === 'CreateDeployment') {
          const resources = await resourcesOf(call);
          summaries.set(id, summaryOf(resources));
          serve(served, resources);
          return undefined;
        }
        const isAsked = (call.input['embed'] as string[] | undefined)?.includes('apisummary');
        return isAsked ? { ...output, apiSummary: summaries.get(id) ?? {} } : undefined;
      },
    },
    {
      name: 'apigateway: a deployment is deleted unless a stage names it, also one that named a stage when it was made',
      service: 'APIGateway',
      commands: ['DeleteDeployment', 'GetDeployments'],
      source: `${API}/api/API_DeleteDeployment.html, and hashicorp/terraform#10674 for the refusal`,
      async before({ command, input, send }) {
        if (command !== 'DeleteDeployment') return undefined;
        const { restApiId, deploymentId } = input as { restApiId: string; deploymentId: string };
        const { item = [] } = await send(GetStagesCommand, { restApiId });
        if (item.every((stage) => stage.deploymentId !== deploymentId)) {
          deleted.add(deploymentId);
          return { output: {} };
        }
        const message = 'Active stages pointing to this deployment must be moved or deleted';
        return { name: 'BadRequestException', message, status: 400 };
      },
      after({ command }, output) {
        if (command !== 'GetDeployments' || deleted.size === 0) return undefined;
        const { items = [] } = output as GetDeploymentsCommandOutput;
        return { ...output, items: items.filter(({ id = '' }) => !deleted.has(id)) };
      },
    },
    {
      name: 'apigateway: a resource has one child of a name',
      service: 'APIGateway',
      commands: ['CreateResource'],
      source: `${API}/api/API_CreateResource.html`,
      async before(call) {
        const { parentId, pathPart } = call.input;
        const isThere = (await resourcesOf(call)).some(
          (resource) => resource.parentId === parentId && resource.pathPart === pathPart,
        );
        const message = `Another resource with the same parent already has this name: ${pathPart}`;
        return isThere ? { name: 'ConflictException', message, status: 409 } : undefined;
      },
    },
    {
      name: 'apigateway: a resource has one method of a name',
      service: 'APIGateway',
      commands: ['PutMethod'],
      source: `${API}/api/API_PutMethod.html`,
      async before(call) {
        const { resourceId, httpMethod } = call.input;
        const found = (await resourcesOf(call)).find(({ id }) => id === resourceId);
        const message = 'Method already exists for this resource';
        return found?.resourceMethods?.[String(httpMethod)]
          ? { name: 'ConflictException', message, status: 409 }
          : undefined;
      },
    },
    {
      name: 'apigateway: an integration takes from a method only what that declares, from the context what that has, and gives what it has in quotes',
      service: 'APIGateway',
      commands: ['PutIntegration'],
      source: `${API}/api/API_PutIntegration.html, requestParameters, and ${API}/developerguide/rest-api-parameter-mapping-sources.html`,
      async before(call) {
        const { resourceId, httpMethod, requestParameters = {} } = call.input;
        const found = (await resourcesOf(call)).find(({ id }) => id === resourceId);
        const declared = found?.resourceMethods?.[String(httpMethod)]?.requestParameters ?? {};
        const lost = Object.values(requestParameters as object).find(
          (name) => !/^'.*'$/.test(name) && !CONTEXT.has(name) && !(name in declared),
        );
        const message = `Invalid mapping expression parameter specified: ${lost}`;
        return lost ? { name: 'BadRequestException', message, status: 400 } : undefined;
      },
    },
    {
      name: 'apigateway: an integration answers only with a status that its method declares',
      service: 'APIGateway',
      commands: ['PutIntegrationResponse'],
      source: `${API}/api/API_PutIntegrationResponse.html, NotFoundException; ${API}/developerguide/api-gateway-integration-settings-integration-response.html: each is mapped to a method response`,
      async before(call) {
        const { resourceId, httpMethod, statusCode } = call.input;
        const found = (await resourcesOf(call)).find(({ id }) => id === resourceId);
        const { methodResponses = {} } = found?.resourceMethods?.[String(httpMethod)] ?? {};
        const message = 'Invalid Response status code specified';
        return methodResponses[String(statusCode)]
          ? undefined
          : { name: 'NotFoundException', message, status: 404 };
      },
    },
    {
      name: 'apigateway: a function whose answer is streamed is called by InvokeWithResponseStream, any other by Invoke',
      service: 'APIGateway',
      commands: ['PutIntegration'],
      source: `${API}/developerguide/response-transfer-mode-lambda.html`,
      before({ input }) {
        const { type, uri, responseTransferMode } = input;
        const call =
          /\/(2015-03-31\/.*\/invocations|2021-11-15\/.*\/response-streaming-invocations)$/;
        const isStreamCall = call.exec(String(uri))?.[1]?.startsWith('2021');
        const message = 'Invalid ARN specified in the request';
        return type === 'AWS_PROXY' && isStreamCall !== (responseTransferMode === 'STREAM')
          ? { name: 'BadRequestException', message, status: 400 }
          : undefined;
      },
    },
    {
      name: 'apigateway: an answer that is streamed may take 15 min, another one 29 s',
      service: 'APIGateway',
      commands: ['PutIntegration'],
      source: `${API}/developerguide/response-transfer-mode.html`,
      before({ input }) {
        const { timeoutInMillis = 0, responseTransferMode } = input;
        const mostMs = responseTransferMode === 'STREAM' ? 900_000 : 29_000;
        const message = `Timeout should be between 50 ms and ${mostMs} ms`;
        return Number(timeoutInMillis) > mostMs
          ? { name: 'BadRequestException', message, status: 400 }
          : undefined;
      },
    },
  ];
}

async function resourcesOf({ input, send }: AwsCall): Promise<readonly Resource[]> {
  const restApiId = String(input['restApiId']);
  return (await send(GetResourcesCommand, { restApiId, embed: ['methods'] })).items ?? [];
}

function serve(served: Map<string, Integration>, resources: readonly Resource[]): void {
  served.clear();
  for (const { path = '', resourceMethods } of resources) {
    const integration = resourceMethods?.['ANY']?.methodIntegration;
    if (integration) served.set(path, integration);
  }
}

function summaryOf(resources: readonly Resource[]): Summary {
  return Object.fromEntries(
    resources
      .filter(({ resourceMethods }) => resourceMethods)
      .map(({ path = '', resourceMethods = {} }) => [
        path,
        Object.fromEntries(
          Object.entries(resourceMethods).map(([name, { authorizationType, apiKeyRequired }]) => [
            name,
            { authorizationType, apiKeyRequired },
          ]),
        ),
      ]),
  );
}
