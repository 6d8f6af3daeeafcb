import type { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { ApiLease } from '#adapters/aws/api/api-lease.ts';
import { revisionAddress, routeAddress } from '#adapters/aws/api/probe-address.ts';
import { type RouteRecord, served } from '#adapters/aws/api/route-records.ts';
import type { AwsFence } from '#adapters/aws/registry/fence.ts';
import { fencedChange } from '#adapters/aws/registry/fenced-change.ts';
import { clear, type LeftSideOptions, prepare, visited } from '#adapters/aws/routes/left-side.ts';
import type { Shares } from '#domain/deployment.ts';
import { acceptShares, isSameShares, withoutZeros } from '#domain/rollout/shares.ts';
import type { Router } from '#ports/router.ts';
import { apiDraft } from './api-draft.ts';
import { type ModelRoutes, modelRoutes } from './model-routes.ts';
import { mechanismFor, type RouteSidesOptions, routeSides } from './route-sides.ts';

export type RestApiRouterOptions = RouteSidesOptions & {
  readonly apiGateway: APIGatewayClient;
  readonly cloudWatch: CloudWatchClient;
  readonly lease: ApiLease;
  readonly fence: AwsFence;
};

/**
 * The endpoint is a REST API route, to one of the two aliases of the model's function or to the model's rule on a load balancer; the weights there are the shares.
 * Between these, the route moves as a whole: the new side is completed first, and the old one stays complete until it has no client traffic any more.
 * After that, the next `setShares`, even one that changes nothing, removes the old side.
 */
export function restApiRouter(options: RestApiRouterOptions): Router {
  const { fence, records } = options;
  const routes = routesOf(options);
  const sides = routeSides(options, routes.isPointedAt);
  const left = { ...options, sides };

  return {
    route: routeAddress,
    testPath: revisionAddress,
    models: () => routes.models(),
    shares: async (model) => sides[served(await routes.read(model))].shares(model),

    async setShares(model, shares, expected, epoch) {
      const desired = acceptShares(shares);
      const to = await mechanismFor(sides, model, desired);
      const change = await fencedChange(fence, model, epoch);
      const from = served(await routes.read(model));
      const crossing = { model, from, to, expected, change };
      const held = from === to ? expected : await prepare(left, crossing);
      const integration = await sides[to].set(model, desired, held, change);
      const record = await routes.pointRouteAt(model, integration, change);
      await clear(left, record, change);
    },

    async verify(model, shares) {
      const record = await routes.read(model);
      const told = await sides[served(record)].shares(model);
      const isTold = isSameShares(told, withoutZeros(shares));
      if (!isTold) return { kind: 'different', shares: told };
      const reason = await unverified({ ...left, routes }, record, told);
      return reason === undefined ? { kind: 'verified' } : { kind: 'pending', reason };
    },

    async remove(model, epoch) {
      const change = await fencedChange(fence, model, epoch);
      await routes.remove(model, change);
      for (const side of Object.values(sides)) await side.remove(model, change);
      await change(() => records.remove(model));
    },
  };
}

/** The routes that the router leads. */
export function routesOf({
  apiGateway,
  api,
  lease,
  records,
  clock,
  containers,
}: RestApiRouterOptions): ModelRoutes {
  const front = containers?.front ?? null;
  return modelRoutes({ draft: apiDraft(apiGateway, api), lease, api, records, front, clock });
}

/** Why clients may not get the recorded shares yet, or undefined. */
async function unverified(
  options: LeftSideOptions & { readonly routes: ModelRoutes },
  record: RouteRecord,
  told: Shares,
): Promise<string | undefined> {
  const { model, move } = record;
  const hasShares = Object.keys(told).length > 0;
  const isRouted = await options.routes.isDeployed(model);
  if (isRouted !== hasShares) {
    return `the API ${isRouted ? 'still has' : 'has yet to get'} the route of ${model}`;
  }
  if (move) return `the route of ${model} is being moved`;
  if (!hasShares) return undefined;
  const stray = await options.sides[served(record)].stray(model, told);
  return stray ?? (await visited(options, record));
}
