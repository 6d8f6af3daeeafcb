import {
  type APIGatewayClient,
  CreateDeploymentCommand,
  CreateResourceCommand,
  DeleteDeploymentCommand,
  DeleteMethodCommand,
  DeleteResourceCommand,
  type Deployment,
  GetDeploymentCommand,
  GetStageCommand,
  GetStagesCommand,
  type Method,
  PutIntegrationCommand,
  PutIntegrationResponseCommand,
  PutMethodCommand,
  PutMethodResponseCommand,
  paginateGetDeployments,
  paginateGetResources,
  type Resource,
} from '@aws-sdk/client-api-gateway';
import { absentIfNotFound } from '#adapters/aws/absent.ts';
import type { ModelApi } from '#adapters/aws/api/model-api.ts';
import { type Refused, refusedAs, translated } from '#adapters/aws/failures.ts';
import type { FailureName } from '#domain/failure.ts';
import type { Mechanism } from '#domain/placement/target.ts';
import {
  type IntegrationInput,
  METHOD_PARAMETERS,
  mechanismAt,
  type RoutePart,
} from './integration.ts';
import { PREFLIGHT_HEADERS, PREFLIGHT_STATUS } from './preflight.ts';

/** `isHalfMade`: it has a method without an integration, with which API Gateway refuses to deploy. */
export type DraftResource = {
  readonly id: string;
  readonly hasMethod: boolean;
  readonly isHalfMade: boolean;
  /** Where its method's integration leads. */
  readonly leadsTo: Mechanism | undefined;
  /** The template that answers preflight requests; null where that method is half made, undefined where there is none. */
  readonly preflight: string | null | undefined;
};

/** The API's undeployed configuration, and what the stage serves of it. All methods are `ANY`, but for the preflights' `OPTIONS`. */
export type ApiDraft = {
  /** The keys are paths. */
  resources(): Promise<ReadonlyMap<string, DraftResource>>;
  /** Returns the id of the new resource. */
  addResource(parentId: string, pathPart: string): Promise<string>;
  removeResource(resourceId: string): Promise<void>;
  /** A method that requires a key. */
  addMethod(resourceId: string, part: RoutePart): Promise<void>;
  removeMethod(resourceId: string): Promise<void>;
  setIntegration(resourceId: string, integration: IntegrationInput): Promise<void>;
  /** A method without a key, which API Gateway itself answers by the template. The resource must have none. */
  addPreflight(resourceId: string, template: string): Promise<void>;
  removePreflight(resourceId: string): Promise<void>;
  /** Has the stage serve the draft as it is now. */
  deploy(description: string): Promise<void>;
  /** The id of the deployment that the stage serves. */
  deployment(): Promise<string>;
  /** How the deployment that the stage serves was described. */
  description(): Promise<string | undefined>;
  /** Deletes deployments that no stage uses, oldest first, a limited number per call: each deploy leaves one. The template's own stays, since CloudFormation deletes it. */
  removeStale(): Promise<void>;
  /** Whether the stage serves all of these paths. */
  isDeployed(...paths: readonly string[]): Promise<boolean>;
};

const httpMethod = 'ANY';
const PREFLIGHT = 'OPTIONS';
const JSON_TYPE = 'application/json';
const PAGE = 500;
// Takes some seconds of the account's call rate.
const DELETED_AT_ONCE = 50;
/** Its description in infra/api.yml. */
export const TEMPLATE_DEPLOYMENT = 'The API before its first model.';

// Another caller, who may have lost the API's lease, created or deleted the same resource.
const FAILURES: Readonly<Record<string, FailureName>> = {
  ConflictException: 'PlatformUnavailable',
  NotFoundException: 'PlatformUnavailable',
};

const REFUSED: readonly Refused[] = [
  {
    // An API that is full has the error of a request that comes too soon, which would be tried again. https://github.com/boto/boto3/issues/1296
    sign: /maximum number of resources/i,
    name: 'SharesRefused',
    fix: 'Undeploy a model, or ask for more: Service Quotas, API Gateway, "Resources per API"; each model takes two.',
  },
];

function call<Answer>(send: () => Promise<Answer>): Promise<Answer> {
  return translated(() => send().catch(refusedAs(REFUSED)), FAILURES);
}

export function apiDraft(apiGateway: APIGatewayClient, api: ModelApi): ApiDraft {
  const restApiId = api.id;
  const stageName = api.stage;

  return {
    resources: () => call(() => readResources(apiGateway, restApiId)),

    async addResource(parentId, pathPart) {
      const command = new CreateResourceCommand({ restApiId, parentId, pathPart });
      return (await call(() => apiGateway.send(command))).id ?? '';
    },

    async removeResource(resourceId) {
      const command = new DeleteResourceCommand({ restApiId, resourceId });
      await call(() => apiGateway.send(command).catch(absentIfNotFound));
    },

    async addMethod(resourceId, part) {
      const command = new PutMethodCommand({
        restApiId,
        resourceId,
        httpMethod,
        authorizationType: 'CUSTOM',
        authorizerId: api.authorizer,
        apiKeyRequired: true,
        requestParameters: METHOD_PARAMETERS[part],
      });
      await call(() => apiGateway.send(command));
    },

    async removeMethod(resourceId) {
      const command = new DeleteMethodCommand({ restApiId, resourceId, httpMethod });
      await call(() => apiGateway.send(command).catch(absentIfNotFound));
    },

    async setIntegration(resourceId, integration) {
      const method = { restApiId, resourceId, httpMethod };
      const command = new PutIntegrationCommand({ ...method, ...integration });
      await call(() => apiGateway.send(command));
    },

    addPreflight: (resourceId, template) =>
      call(() => addPreflight(apiGateway, { restApiId, resourceId }, template)),

    async removePreflight(resourceId) {
      const command = new DeleteMethodCommand({ restApiId, resourceId, httpMethod: PREFLIGHT });
      await call(() => apiGateway.send(command).catch(absentIfNotFound));
    },

    async deploy(description) {
      const command = new CreateDeploymentCommand({ restApiId, stageName, description });
      await call(() => apiGateway.send(command));
    },

    deployment: () => call(() => deploymentOf(apiGateway, api)),

    async description() {
      const deploymentId = await call(() => deploymentOf(apiGateway, api));
      const command = new GetDeploymentCommand({ restApiId, deploymentId });
      return (await call(() => apiGateway.send(command))).description;
    },

    removeStale: () => call(() => removeStale(apiGateway, restApiId)),
    isDeployed: (...paths) => call(() => isDeployed(apiGateway, api, paths)),
  };
}

type ResourcePlace = { readonly restApiId: string; readonly resourceId: string };

async function addPreflight(
  apiGateway: APIGatewayClient,
  place: ResourcePlace,
  template: string,
): Promise<void> {
  const method = { ...place, httpMethod: PREFLIGHT };
  const answer = { ...method, statusCode: PREFLIGHT_STATUS };
  // A browser sends no key with it.
  await apiGateway.send(new PutMethodCommand({ ...method, authorizationType: 'NONE' }));
  const headers = PREFLIGHT_HEADERS.map((name) => [`method.response.header.${name}`, false]);
  const responseParameters = Object.fromEntries(headers);
  await apiGateway.send(new PutMethodResponseCommand({ ...answer, responseParameters }));
  // The API has binary media types, so a mock's templates are text only on request (infra/api.yml).
  const contentHandling = 'CONVERT_TO_TEXT';
  await apiGateway.send(
    new PutIntegrationCommand({
      ...method,
      type: 'MOCK',
      contentHandling,
      requestTemplates: { [JSON_TYPE]: `{"statusCode": ${PREFLIGHT_STATUS}}` },
    }),
  );
  // Last: by it a method that a dead caller left behind is known to be half made.
  const responseTemplates = { [JSON_TYPE]: template };
  await apiGateway.send(
    new PutIntegrationResponseCommand({ ...answer, contentHandling, responseTemplates }),
  );
}

async function deploymentOf(
  apiGateway: APIGatewayClient,
  { id: restApiId, stage: stageName }: ModelApi,
): Promise<string> {
  return (await apiGateway.send(new GetStageCommand({ restApiId, stageName }))).deploymentId ?? '';
}

async function removeStale(apiGateway: APIGatewayClient, restApiId: string): Promise<void> {
  const { item: stages = [] } = await apiGateway.send(new GetStagesCommand({ restApiId }));
  const named = new Set(stages.map(({ deploymentId }) => deploymentId));
  const found: Deployment[] = [];
  const pages = paginateGetDeployments({ client: apiGateway }, { restApiId, limit: PAGE });
  for await (const { items = [] } of pages) found.push(...items);
  const stale = found
    .filter(({ id, description }) => !named.has(id) && description !== TEMPLATE_DEPLOYMENT)
    .toSorted((a, b) => Number(a.createdDate) - Number(b.createdDate));
  for (const { id: deploymentId } of stale.slice(0, DELETED_AT_ONCE)) {
    const command = new DeleteDeploymentCommand({ restApiId, deploymentId });
    await apiGateway.send(command).catch(unlessNamed);
  }
}

/** Another caller deleted it, or pointed a stage to it. */
function unlessNamed(error: unknown): undefined {
  if (error instanceof Error && /Active stages pointing/.test(error.message)) return undefined;
  return absentIfNotFound(error);
}

async function isDeployed(
  apiGateway: APIGatewayClient,
  api: ModelApi,
  paths: readonly string[],
): Promise<boolean> {
  const restApiId = api.id;
  const deploymentId = await deploymentOf(apiGateway, api);
  const embed = ['apisummary'];
  const command = new GetDeploymentCommand({ restApiId, deploymentId, embed });
  const { apiSummary } = await apiGateway.send(command);
  return paths.every((path) => apiSummary?.[path]?.[httpMethod] !== undefined);
}

async function readResources(
  apiGateway: APIGatewayClient,
  restApiId: string,
): Promise<ReadonlyMap<string, DraftResource>> {
  const resources = new Map<string, DraftResource>();
  const input = { restApiId, limit: PAGE, embed: ['methods'] };
  for await (const { items = [] } of paginateGetResources({ client: apiGateway }, input)) {
    for (const item of items) resources.set(item.path ?? '', draftOf(item));
  }
  return resources;
}

function draftOf({ id = '', resourceMethods }: Resource): DraftResource {
  const method = resourceMethods?.[httpMethod];
  const hasMethod = method !== undefined;
  const integration = method?.methodIntegration;
  return {
    id,
    hasMethod,
    isHalfMade: hasMethod && !integration,
    leadsTo: integration && mechanismAt(integration),
    preflight: preflightOf(resourceMethods?.[PREFLIGHT]),
  };
}

function preflightOf(method: Method | undefined): DraftResource['preflight'] {
  if (method === undefined) return undefined;
  const answers = method.methodIntegration?.integrationResponses;
  return answers?.[PREFLIGHT_STATUS]?.responseTemplates?.[JSON_TYPE] ?? null;
}
