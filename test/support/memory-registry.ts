import type { ModelVersion } from '#domain/deployment.ts';
import type { SlipwayEvent } from '#domain/event.ts';
import { Failure } from '#domain/failure.ts';
import type {
  DeploymentRecord,
  ModelRecord,
  Records,
  RegistryWrite,
} from '#domain/registry-write.ts';
import { registryWrites } from '#domain/registry-writes.ts';
import type { Clock } from '#ports/clock.ts';
import type { EventQuery, Registry } from '#ports/registry.ts';

export type MemoryRegistry = Registry & {
  /** All that is held now, as it is held: nobody may change it. */
  texts(): Texts;
};

export type Texts = {
  readonly models: readonly string[];
  readonly versions: readonly string[];
  readonly deployments: readonly string[];
  readonly events: number;
};

type Options = { readonly clock: Clock; readonly onEvents?: () => void };

/** A registry in memory. Records go in and out as JSON, as they do in a database: nobody shares an object with it. */
export function memoryRegistry({ clock, onEvents = () => {} }: Options): MemoryRegistry {
  const deployments = new Map<string, string>();
  const models = new Map<string, string>();
  const versions = new Map<string, string>();
  const events: string[] = [];
  const published = new Set<string>();
  let sightings: ReadonlyMap<string, number> = new Map();

  function records({ deploymentId, model, version }: RegistryWrite<unknown>): Records {
    const deployment = parsed<DeploymentRecord>(deployments.get(deploymentId));
    const name = model ?? deployment?.deployment.model ?? '';
    return {
      deployment,
      model: parsed<ModelRecord>(models.get(name)),
      version: parsed<ModelVersion>(versions.get(`${name}/${version}`)),
    };
  }

  async function write<Answer>(wanted: RegistryWrite<Answer>): Promise<Answer> {
    const { answer, deployment, model, version, event } = wanted.decide(
      records(wanted),
      clock.now(),
    );
    if (deployment) deployments.set(deployment.deployment.id, JSON.stringify(deployment));
    if (model) models.set(model.model.name, JSON.stringify(model));
    if (version) versions.set(`${version.model}/${version.version}`, JSON.stringify(version));
    if (event) {
      events.push(JSON.stringify(event));
      onEvents();
    }
    return answer;
  }

  const all = <Value>(texts: Iterable<string>) => [...texts].map((text): Value => JSON.parse(text));

  return {
    ...registryWrites(write),
    texts: () => ({
      models: [...models.values()],
      versions: [...versions.values()],
      deployments: [...deployments.values()],
      events: events.length,
    }),
    deployment: async (id) => parsed<DeploymentRecord>(deployments.get(id))?.deployment,
    model: async (name) => parsed<ModelRecord>(models.get(name))?.model,
    models: async () =>
      all<ModelRecord>(models.values())
        .map(({ model }) => model)
        .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    versions: async (name) =>
      all<ModelVersion>(versions.values())
        .filter(({ model }) => model === name)
        .toSorted((a, b) => b.version - a.version),
    unended: async () =>
      all<DeploymentRecord>(deployments.values())
        .map(({ deployment }) => deployment)
        .filter(({ endedAtMs }) => endedAtMs === null),
    sighted: async (resources) => {
      sightings = new Map(
        resources.map((resource) => [resource, sightings.get(resource) ?? clock.now()]),
      );
      return sightings;
    },
    unpublished: async (limit) =>
      all<SlipwayEvent>(events)
        .filter(({ detail }) => !published.has(detail.eventId))
        .slice(0, limit),
    markPublished: async (eventIds) => {
      for (const id of eventIds) published.add(id);
    },
    events: async (query) => ({ events: page(all<SlipwayEvent>(events), query) }),
  };
}

function page(events: readonly SlipwayEvent[], { after, limit, model, deploymentId }: EventQuery) {
  if (!/^\d{0,15}$/.test(after))
    throw new Failure('InputInvalid', `\`${after}\` is no event cursor`);
  return events
    .map((event, index) => ({ cursor: String(index + 1), event }))
    .slice(Number(after))
    .filter(({ event }) => model === undefined || event.detail.model === model)
    .filter(({ event }) => deploymentId === undefined || event.detail.deploymentId === deploymentId)
    .slice(0, limit);
}

function parsed<Value>(text: string | undefined): Value | undefined {
  return text === undefined ? undefined : JSON.parse(text);
}
