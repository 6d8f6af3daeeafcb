import type { DatabaseSync } from 'node:sqlite';
import { MOST_STARTS } from '#domain/placement/noted-start.ts';
import type { RegistryWrite } from '#domain/registry/write.ts';
import { registryWrites } from '#domain/registry/writes.ts';
import type { Clock } from '#ports/clock.ts';
import type { Registry } from '#ports/registry.ts';
import { transaction, translated } from './database.ts';
import { registryTables } from './registry-tables.ts';

type Options = {
  readonly database: DatabaseSync;
  readonly clock: Clock;
  /** Called after the commit of a write that added an event to publish. */
  readonly onEvents: () => void;
};

export function sqliteRegistry({ database, clock, onEvents }: Options): Registry {
  const tables = transaction(database, () => registryTables(database));

  async function write<Answer>(wanted: RegistryWrite<Answer>): Promise<Answer> {
    const { answer, event } = transaction(database, () => {
      const change = wanted.decide(tables.records(wanted), clock.now());
      tables.save(change);
      return change;
    });
    if (event) onEvents();
    return answer;
  }

  async function read<Answer>(query: () => Answer): Promise<Answer> {
    return translated(query);
  }

  return {
    ...registryWrites(write),
    deployment: (id) => read(() => tables.deployment(id)?.deployment),
    model: (name) => read(() => tables.model(name)?.model),
    models: () => read(() => tables.models().map(({ model }) => model)),
    versions: (model) => read(() => tables.versions(model)),
    judgement: (model, pair) => read(() => tables.judgement(model, pair)),
    starts: (runtime) => read(() => tables.starts(runtime, MOST_STARTS)),
    unended: () => read(() => tables.unended().map(({ deployment }) => deployment)),
    sighted: async (resources) =>
      transaction(database, () => tables.sighted(resources, clock.now())),
    unpublished: (limit) => read(() => tables.unpublished(limit)),
    markPublished: async (eventIds) => transaction(database, () => tables.markPublished(eventIds)),
    events: (query) => read(() => tables.events(query)),
    newestEvents: (limit) => read(() => tables.newestEvents(limit)),
  };
}
