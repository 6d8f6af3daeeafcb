import type { ApiLease } from '#adapters/aws/api/api-lease.ts';
import type { ModelApi } from '#adapters/aws/api/model-api.ts';
import type { Integration, RouteRecord, RouteRecords } from '#adapters/aws/api/route-records.ts';
import type { ContainerFront } from '#adapters/aws/ecs/container-front.ts';
import type { Change } from '#adapters/aws/registry/fenced-change.ts';
import type { Clock } from '#ports/clock.ts';
import type { ApiDraft, DraftResource } from './api-draft.ts';
import {
  described,
  makeResources,
  mechanismsAt,
  pathsOf,
  pointResources,
  proxyPath,
  type Resources,
  removeResources,
  settledDescription,
  settlePreflight,
  withOtherPreflights,
} from './route-resources.ts';

/** The models' routes in an API: for each, the resources `/models/<model>`, its endpoint, and `/models/<model>/{proxy+}`. */
export type ModelRoutes = {
  /** Where the stage currently sends the model's requests; a `move` was begun but its completion is not recorded. */
  read(model: string): Promise<RouteRecord>;
  isDeployed(model: string): Promise<boolean>;
  /** Whether the stage sends the model's requests there, according to the record; not, as long as its endpoint is missing. */
  isPointedAt(model: string, to: Integration): Promise<boolean>;
  /** Creates or moves the route, and deploys the API if needed. */
  pointRouteAt(model: string, to: Integration, change: Change): Promise<RouteRecord>;
  /** Idempotent. Keeps the record. */
  remove(model: string, change: Change): Promise<void>;
  /** Deploys the API for a change that concerns no model; first repairs routes that were left half created or half moved, and gives all of them the preflights of the API's origins. */
  publish(): Promise<void>;
  /** Publishes the API where a route lacks the preflights of the API's origins, has those of others, or the stage does not serve them yet; answers whether that was so. */
  settlePreflights(): Promise<boolean>;
  models(): Promise<readonly string[]>;
};

export type ModelRoutesOptions = {
  readonly draft: ApiDraft;
  readonly lease: ApiLease;
  readonly api: ModelApi;
  readonly records: RouteRecords;
  readonly front: ContainerFront | null;
  readonly clock: Clock;
};

const DEPLOYED = { deployed: true } as const;
const NOT_DEPLOYED = { deployed: false } as const;
// Five calls for each, of the ten a second that an account has.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html#api-gateway-control-service-limits-table
const SETTLED_AT_ONCE = 20;

/** A deployment is a snapshot of the whole API, so everything happens under its lease, and each call continues where one that died stopped. */
export function modelRoutes(options: ModelRoutesOptions): ModelRoutes {
  const { draft, records, clock } = options;

  return {
    isDeployed: (model) => draft.isDeployed(proxyPath(model)),
    isPointedAt: async (model, to) => isPointedAt(options, await records.read(model), to),

    async read(model) {
      const record = await records.read(model);
      if (record.move === null || (await draft.deployment()) === record.move.over) return record;
      return { ...moved(record, record.move.to, clock.now()), move: record.move };
    },

    async pointRouteAt(model, to, change) {
      const seen = await records.read(model);
      return (await isPointedAt(options, seen, to))
        ? seen
        : pointRouteAt(options, { model, to, change });
    },

    async remove(model, change) {
      const drafted = await draft.resources();
      const isDrafted = pathsOf(model).some((path) => drafted.has(path));
      if (isDrafted || (await draft.isDeployed(proxyPath(model)))) {
        await remove(options, model, change);
      }
    },

    async publish() {
      await publish(options);
      await draft.removeStale();
    },

    async settlePreflights() {
      const isDrafted = withOtherPreflights(options, await draft.resources()).length === 0;
      // A call that died may have drafted them all and deployed none.
      if (isDrafted && (await draft.description()) === settledDescription(options)) return false;
      await publish(options);
      return true;
    },

    async models() {
      const names = (await records.all()).map(({ model }) => model);
      const drafted = [...(await draft.resources()).keys()].flatMap(
        (path) => /^\/models\/([^/]+)$/.exec(path)?.[1] ?? [],
      );
      return [...new Set([...names, ...drafted])].sort();
    },
  };
}

async function publish(options: ModelRoutesOptions): Promise<void> {
  const { draft, lease } = options;
  await settlePreflights(options);
  await lease.during(async () => {
    const resources = await repairUnfinishedRoutes(options, null);
    await draft.deploy(described(options, resources));
    return DEPLOYED;
  });
}

type Lead = { readonly model: string; readonly to: Integration; readonly change: Change };

async function pointRouteAt(
  options: ModelRoutesOptions,
  { model, to, change }: Lead,
): Promise<RouteRecord> {
  const { draft, lease, records, clock } = options;
  let record = await records.read(model);
  await lease.during(async () => {
    record = await settle(options, model);
    if (await isPointedAt(options, record, to)) return NOT_DEPLOYED;
    const resources = await repairUnfinishedRoutes(options, model);
    const over = await draft.deployment();
    await change(() => records.update(model, (now) => ({ ...now, move: { to, over } })));
    await change(() => makeResources(options, model, to, resources));
    const description = described(options, resources, pathsOf(model));
    await change(() => draft.deploy(description));
    record = await records.update(model, (now) => moved(now, to, clock.now()));
    return DEPLOYED;
  });
  return record;
}

async function remove(options: ModelRoutesOptions, model: string, change: Change): Promise<void> {
  const { draft, lease } = options;
  await lease.during(async () => {
    await removeResources(options, model, await draft.resources(), change);
    if (!(await draft.isDeployed(proxyPath(model)))) return NOT_DEPLOYED;
    const resources = await repairUnfinishedRoutes(options, model);
    await change(() => draft.deploy(described(options, resources)));
    return DEPLOYED;
  });
}

async function isPointedAt(
  { draft }: ModelRoutesOptions,
  { model, serves, move }: RouteRecord,
  to: Integration,
): Promise<boolean> {
  const isRecorded = move === null && JSON.stringify(serves) === JSON.stringify(to);
  return isRecorded && (await draft.isDeployed(...pathsOf(model)));
}

/** The record after a move: it remembers the sides that the route has left. If a move was abandoned before its completion was seen, clients may have reached its destination. */
function moved(record: RouteRecord, to: Integration, movedAtMs: number): RouteRecord {
  const reached = [record.serves?.kind, record.move?.to.kind].filter((each) => each !== undefined);
  const left = [...new Set(reached)].map((mechanism) => ({ mechanism, hasServed: true }));
  const before = record.left.filter(({ mechanism }) => !reached.includes(mechanism));
  const sides = [...before, ...left].filter(({ mechanism }) => mechanism !== to.kind);
  return { ...record, serves: to, move: null, movedAtMs, left: sides };
}

/**
 * Records a completed move whose own call did not record it.
 * Somebody may deploy the API by hand, without the lease: a new deployment proves nothing if the draft had not been changed yet.
 */
async function settle(options: ModelRoutesOptions, model: string): Promise<RouteRecord> {
  const { draft, records, clock } = options;
  const seen = await records.read(model);
  const { move } = seen;
  if (move === null || (await draft.deployment()) === move.over) return seen;
  const [drafted, ...others] = mechanismsAt(model, await draft.resources());
  if (drafted !== move.to.kind || others.length > 0) return seen;
  return records.update(model, (record) =>
    record.move?.over === move.over ? moved(record, move.to, clock.now()) : record,
  );
}

/**
 * Keeps out of this deployment what callers that died left behind:
 * a method without an integration, with which API Gateway refuses to deploy, or a moved route that was not deployed.
 */
async function repairUnfinishedRoutes(
  options: ModelRoutesOptions,
  but: string | null,
): Promise<Resources> {
  const { draft, records } = options;
  const resources = await draft.resources();
  const own = but === null ? [] : pathsOf(but);
  for (const [path, resource] of resources) {
    if (!own.includes(path)) await removeHalfMade(draft, resource);
  }
  for (const { model, move } of await records.all()) {
    if (move !== null && model !== but) await putBack(options, model, resources);
  }
  return resources;
}

/** All routes get the preflights of the API's origins, in turns that are short beside the lease. */
async function settlePreflights(options: ModelRoutesOptions): Promise<void> {
  const others = withOtherPreflights(options, await options.draft.resources());
  for (let at = 0; at < others.length; at += SETTLED_AT_ONCE) {
    await options.lease.during(async () => {
      for (const resource of others.slice(at, at + SETTLED_AT_ONCE)) {
        await settlePreflight(options, resource);
      }
      return NOT_DEPLOYED;
    });
  }
}

async function removeHalfMade(
  draft: ApiDraft,
  { id, isHalfMade, preflight }: DraftResource,
): Promise<void> {
  if (isHalfMade) await draft.removeMethod(id);
  if (preflight === null) await draft.removePreflight(id);
}

async function putBack(
  options: ModelRoutesOptions,
  model: string,
  resources: Resources,
): Promise<void> {
  const { records } = options;
  const { serves, move } = await settle(options, model);
  // A first route is complete except for its deployment, so it may be deployed too.
  if (move === null || serves === null || !resources.has(proxyPath(model))) return;
  await pointResources(options, model, serves, resources);
  await records.update(model, (record) => moved(record, serves, record.movedAtMs));
}
