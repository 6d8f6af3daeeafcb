import type { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { Shares } from '#domain/deployment.ts';
import { Failure, failureName } from '#domain/failure.ts';
import { acceptShares, isSameShares, withoutZeros } from '#domain/shares.ts';
import type { Router } from '#ports/router.ts';
import { apiDraft, type ModelApi } from './api-draft.ts';
import type { ApiLease } from './api-lease.ts';
import { type InvocationTarget, invokeModel } from './invoke-model.ts';
import { type Held, type LiveAlias, liveAlias } from './live-alias.ts';
import { LIVE, modelOf } from './model-function.ts';
import { type ModelRoutes, modelRoutes } from './model-routes.ts';
import { type ModelVersions, readVersions } from './model-versions.ts';
import { probeAddress } from './probe-address.ts';
import { allowRoute, forbidRoute } from './route-permission.ts';

export type RestApiRouterOptions = {
  readonly lambda: LambdaClient;
  readonly apiGateway: APIGatewayClient;
  readonly lease: ApiLease;
  readonly api: ModelApi;
  /** A model's function is named by this and the model. */
  readonly functionPrefix: string;
};

/** How many requests in a row have to be answered by a revision that has a share. */
const LOOKS = 5;
const LOOK_TIMEOUT_MS = 5_000;

/**
 * The endpoint is a REST API's route to the alias `live` of the model's function, and shares are the alias's weights.
 * The alias comes first and goes last: while it is there, a call that ended too early is made up by the next.
 */
export function restApiRouter(options: RestApiRouterOptions): Router {
  const { lambda, apiGateway, lease, api, functionPrefix } = options;
  const routes = modelRoutes({ draft: apiDraft(apiGateway, api), lease, api });

  async function open(model: string) {
    const functionName = functionPrefix + model;
    const versions = await readVersions(lambda, functionName);
    const alias = liveAlias(lambda, functionName);
    return { functionName, versions, alias, held: await alias.read(versions) };
  }

  return {
    route: (model) => probeAddress(model, LIVE),
    testPath: (revision) => probeAddress(modelOf(revision), revision),
    shares: async (model) => (await open(model)).held?.shares ?? {},

    async setShares(model, shares, expected) {
      const wish = acceptShares(shares);
      const { alias, versions, held } = await open(model);
      const aliasArn = await change(alias, versions, { model, wish, expected, held });
      await allowRoute(lambda, { model, aliasArn, apiId: api.id });
      await routes.deploy(model, aliasArn);
    },

    async verify(model, shares) {
      const wish = withoutZeros(shares);
      const { functionName, versions, held } = await open(model);
      const told = held?.shares ?? {};
      if (!isSameShares(told, wish)) return { kind: 'different', shares: told };
      const target = { functionName, qualifier: LIVE, stage: api.stage };
      const reason =
        (await unrouted(routes, model, held !== undefined)) ??
        (held && (await stray(lambda, target, { model, wish, versions })));
      return reason ? { kind: 'pending', reason } : { kind: 'verified' };
    },

    async remove(model) {
      const functionName = functionPrefix + model;
      await routes.remove(model);
      await forbidRoute(lambda, functionName);
      await liveAlias(lambda, functionName).remove();
    },
  };
}

type Change = {
  readonly model: string;
  readonly wish: Shares;
  readonly expected: Shares;
  readonly held: Held | undefined;
};

/** Answers the alias's ARN. A change that somebody else made to the same end, as one of ours whose answer was lost, is success. */
async function change(
  alias: LiveAlias,
  versions: ModelVersions,
  { model, wish, expected, held }: Change,
): Promise<string> {
  if (held && isSameShares(held.shares, wish)) return held.arn;
  if (!isSameShares(held?.shares ?? {}, expected)) throw sharesChanged(model, held, expected);
  const failure = await alias.write(wish, versions, held).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure !== undefined && failureName(failure) !== 'SharesChanged') throw failure;
  const now = await alias.read(versions);
  if (now && isSameShares(now.shares, wish)) return now.arn;
  throw sharesChanged(model, now, expected);
}

function sharesChanged(model: string, held: Held | undefined, expected: Shares): Failure {
  const [now, seen] = [held?.shares ?? {}, expected].map((shares) => JSON.stringify(shares));
  return new Failure('SharesChanged', `the shares of ${model} are ${now}, not ${seen}`);
}

async function unrouted(
  routes: ModelRoutes,
  model: string,
  hasAlias: boolean,
): Promise<string | undefined> {
  const isRouted = await routes.isDeployed(model);
  if (isRouted === hasAlias) return undefined;
  return `the API ${isRouted ? 'still has' : 'has yet to get'} the route of ${model}`;
}

type Expected = {
  readonly model: string;
  readonly wish: Shares;
  readonly versions: ModelVersions;
};

/** Why requests do not all go where the shares say, or undefined. */
async function stray(
  lambda: LambdaClient,
  target: InvocationTarget,
  { model, wish, versions }: Expected,
): Promise<string | undefined> {
  const request = { model, method: 'GET', path: '/ping' } as const;
  for (let looks = 0; looks < LOOKS; looks += 1) {
    const seen = await invokeModel(lambda, target, request, LOOK_TIMEOUT_MS);
    if (seen.kind === 'absent') return `the alias of ${model} is not there yet`;
    if (seen.kind !== 'response' && seen.kind !== 'error') return seen.reason;
    const revision = versions.revision(seen.version) ?? `version ${seen.version}`;
    if (!Object.hasOwn(wish, revision)) return `${revision} still answers`;
  }
  return undefined;
}
