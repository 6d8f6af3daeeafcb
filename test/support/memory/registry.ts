import type { Judgement } from '#domain/comparison/judgement.ts';
import type { ModelVersion } from '#domain/deployment.ts';
import type { SlipwayEvent } from '#domain/event.ts';
import { Failure } from '#domain/failure.ts';
import { MOST_STARTS, type NotedStart } from '#domain/placement/noted-start.ts';
import type {
  DeploymentRecord,
  ModelRecord,
  Records,
  RegistryWrite,
} from '#domain/registry/write.ts';
import { registryWrites } from '#domain/registry/writes.ts';
import type { Clock } from '#ports/clock.ts';
import type { EventQuery, Registry } from '#ports/registry.ts';

export type MemoryRegistry = Registry & {
  /** The present content. */
  held(): AllHeld;
};

export type AllHeld = {
  readonly models: readonly ModelRecord[];
  readonly versions: readonly ModelVersion[];
  readonly deployments: readonly DeploymentRecord[];
  readonly events: number;
};

type Options = { readonly clock: Clock; readonly onEvents?: () => void };

/** A registry in memory. Its objects are frozen: nobody shares an object with it that can be changed. */
export function memoryRegistry({ clock, onEvents = () => {} }: Options): MemoryRegistry {
  const deployments = new Map<string, DeploymentRecord>();
  const models = new Map<string, ModelRecord>();
  const versions = new Map<string, ModelVersion>();
  const judgements = new Map<string, Judgement>();
  const starts: NotedStart[] = [];
  const events: SlipwayEvent[] = [];
  const published = new Set<string>();
  let sightings: ReadonlyMap<string, number> = new Map();

  function records({ deploymentId, model, version }: RegistryWrite<unknown>): Records {
    const deployment = deployments.get(deploymentId);
    const name = model ?? deployment?.deployment.model ?? '';
    return {
      deployment,
      model: models.get(name),
      version: versions.get(`${name}/${version}`),
    };
  }

  async function write<Answer>(wanted: RegistryWrite<Answer>): Promise<Answer> {
    const { answer, deployment, model, version, event, judgement, start } = wanted.decide(
      records(wanted),
      clock.now(),
    );
    if (deployment) deployments.set(deployment.deployment.id, stored(deployment));
    if (model) models.set(model.model.name, stored(model));
    if (version) versions.set(`${version.model}/${version.version}`, stored(version));
    if (judgement) judgements.set(`${judgement.model}/${judgement.pair}`, stored(judgement));
    if (start) starts.push(stored(start));
    if (event) {
      events.push(stored(event));
      onEvents();
    }
    return answer;
  }

  return {
    ...registryWrites(write),
    held: () => ({
      models: [...models.values()],
      versions: [...versions.values()],
      deployments: [...deployments.values()],
      events: events.length,
    }),
    deployment: async (id) => deployments.get(id)?.deployment,
    model: async (name) => models.get(name)?.model,
    models: async () =>
      [...models.values()].map(({ model }) => model).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    versions: async (name) =>
      [...versions.values()]
        .filter(({ model }) => model === name)
        .toSorted((a, b) => b.version - a.version),
    judgement: async (model, pair) => judgements.get(`${model}/${pair}`),
    starts: async (runtime) =>
      starts
        .filter((start) => start.runtime === runtime)
        .toReversed()
        .slice(0, MOST_STARTS),
    unended: async () =>
      [...deployments.values()]
        .map(({ deployment }) => deployment)
        .filter(({ endedAtMs }) => endedAtMs === null),
    sighted: async (resources) => {
      sightings = new Map(
        resources.map((resource) => [resource, sightings.get(resource) ?? clock.now()]),
      );
      return sightings;
    },
    unpublished: async (limit) =>
      events.filter(({ detail }) => !published.has(detail.eventId)).slice(0, limit),
    markPublished: async (eventIds) => {
      for (const id of eventIds) published.add(id);
    },
    events: async (query) => ({ events: page(events, query) }),
    newestEvents: async (limit) => events.toReversed().slice(0, limit),
  };
}

function page(events: readonly SlipwayEvent[], { after, limit, model, deploymentId }: EventQuery) {
  if (!/^\d{0,15}$/.test(after))
    throw new Failure('InputInvalid', `\`${after}\` is not an event cursor`);
  return events
    .map((event, index) => ({ cursor: String(index + 1), event }))
    .slice(Number(after))
    .filter(({ event }) => model === undefined || event.detail.model === model)
    .filter(({ event }) => deploymentId === undefined || event.detail.deploymentId === deploymentId)
    .slice(0, limit);
}

/** The value as a database would return it, which nobody can change; a value that is already held is not copied again. */
function stored<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) return Object.freeze(value.map(stored)) as Value;
  const kept: Record<string, unknown> = {};
  for (const [key, it] of Object.entries(value)) {
    if (it !== undefined) kept[key] = stored(it);
  }
  return Object.freeze(kept) as Value;
}
