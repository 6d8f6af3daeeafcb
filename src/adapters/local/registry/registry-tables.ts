import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { Judgement } from '#domain/comparison/judgement.ts';
import type { ModelVersion } from '#domain/deployment.ts';
import type { SlipwayEvent } from '#domain/event.ts';
import { Failure } from '#domain/failure.ts';
import type { NotedStart } from '#domain/placement/noted-start.ts';
import type {
  Change,
  DeploymentRecord,
  ModelRecord,
  Records,
  RegistryWrite,
} from '#domain/registry/write.ts';
import type { EventPage, EventQuery } from '#ports/registry.ts';

// A record is JSON; the columns for queries are generated from it, so the two cannot differ.
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS models (
    name TEXT PRIMARY KEY,
    record TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE IF NOT EXISTS deployments (
    admitted INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    record TEXT NOT NULL,
    ended_at_ms INTEGER AS (record ->> '$.deployment.endedAtMs')
  ) STRICT;
  CREATE INDEX IF NOT EXISTS unended ON deployments (admitted) WHERE ended_at_ms IS NULL;

  CREATE TABLE IF NOT EXISTS versions (
    model TEXT NOT NULL,
    version INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (model, version)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE IF NOT EXISTS events (
    cursor INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    published INTEGER NOT NULL DEFAULT FALSE,
    record TEXT NOT NULL,
    model TEXT AS (record ->> '$.detail.model'),
    deployment_id TEXT AS (record ->> '$.detail.deploymentId')
  ) STRICT;
  CREATE TABLE IF NOT EXISTS sightings (
    resource TEXT PRIMARY KEY,
    first_at_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS judgements (
    model TEXT NOT NULL,
    pair TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (model, pair)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS starts (
    at INTEGER PRIMARY KEY AUTOINCREMENT,
    runtime TEXT NOT NULL,
    record TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS starts_of_runtime ON starts (runtime, at);
  CREATE INDEX IF NOT EXISTS unpublished ON events (cursor) WHERE NOT published;
`;

/** The registry's records, in a database shared with other tables. */
export function registryTables(database: DatabaseSync) {
  database.exec(SCHEMA);
  return {
    ...reads(database),
    events: events(database),
    save: save(database),
    markPublished: markPublished(database),
    sighted: sighted(database),
  };
}

function reads(database: DatabaseSync) {
  const deployment = one<DeploymentRecord>(database, 'deployments WHERE id = ?');
  const model = one<ModelRecord>(database, 'models WHERE name = ?');
  const version = one<ModelVersion>(database, 'versions WHERE model = ? AND version = ?');
  return {
    deployment,
    model,
    models: many<ModelRecord>(database, 'models ORDER BY name'),
    versions: many<ModelVersion>(database, 'versions WHERE model = ? ORDER BY version DESC'),
    judgement: one<Judgement>(database, 'judgements WHERE model = ? AND pair = ?'),
    starts: many<NotedStart>(database, 'starts WHERE runtime = ? ORDER BY at DESC LIMIT ?'),
    unended: many<DeploymentRecord>(
      database,
      'deployments WHERE ended_at_ms IS NULL ORDER BY admitted',
    ),
    newestEvents: many<SlipwayEvent>(database, 'events ORDER BY cursor DESC LIMIT ?'),
    unpublished: many<SlipwayEvent>(database, 'events WHERE NOT published ORDER BY cursor LIMIT ?'),

    /** The records that a write decides on. */
    records(write: Pick<RegistryWrite<unknown>, 'deploymentId' | 'model' | 'version'>): Records {
      const record = deployment(write.deploymentId);
      const name = write.model ?? record?.deployment.model ?? '';
      return {
        deployment: record,
        model: model(name),
        version: write.version === undefined ? undefined : version(name, write.version),
      };
    },
  };
}

function events(database: DatabaseSync) {
  const statement = database.prepare(`
    SELECT cursor, record FROM events
    WHERE cursor > :after
      AND (:model IS NULL OR model = :model)
      AND (:deploymentId IS NULL OR deployment_id = :deploymentId)
    ORDER BY cursor LIMIT :limit`);
  return ({ after, limit, model, deploymentId }: EventQuery): EventPage => {
    const rows = statement.all({
      after: position(after),
      limit,
      model: model ?? null,
      deploymentId: deploymentId ?? null,
    });
    return {
      events: rows.map(({ cursor, record }) => ({
        cursor: String(cursor),
        event: JSON.parse(String(record)),
      })),
    };
  };
}

function position(cursor: string): number {
  if (/^\d{0,15}$/.test(cursor)) return Number(cursor);
  throw new Failure('InputInvalid', `\`${cursor}\` is not an event cursor`);
}

function save(database: DatabaseSync) {
  const deployment = database.prepare(
    'INSERT INTO deployments (id, record) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record',
  );
  const model = database.prepare('REPLACE INTO models (name, record) VALUES (?, ?)');
  const version = database.prepare(
    'REPLACE INTO versions (model, version, record) VALUES (?, ?, ?)',
  );
  const judgement = database.prepare(
    'REPLACE INTO judgements (model, pair, record) VALUES (?, ?, ?)',
  );
  const start = database.prepare('INSERT INTO starts (runtime, record) VALUES (?, ?)');
  const event = database.prepare('INSERT INTO events (id, record) VALUES (?, ?)');
  return (change: Change<unknown>): void => {
    if (change.deployment) {
      deployment.run(change.deployment.deployment.id, JSON.stringify(change.deployment));
    }
    if (change.model) model.run(change.model.model.name, JSON.stringify(change.model));
    if (change.version) {
      const row = change.version;
      version.run(row.model, row.version, JSON.stringify(row));
    }
    if (change.judgement) {
      const row = change.judgement;
      judgement.run(row.model, row.pair, JSON.stringify(row));
    }
    if (change.start) start.run(change.start.runtime, JSON.stringify(change.start));
    if (change.event) event.run(change.event.detail.eventId, JSON.stringify(change.event));
  };
}

function markPublished(database: DatabaseSync) {
  const mark = database.prepare('UPDATE events SET published = TRUE WHERE id = ?');
  return (eventIds: readonly string[]): void => {
    for (const id of eventIds) mark.run(id);
  };
}

/** When each orphaned resource was first seen; those no longer among `resources` are forgotten. */
function sighted(database: DatabaseSync) {
  const all = database.prepare('SELECT resource, first_at_ms FROM sightings');
  const add = database.prepare('INSERT INTO sightings (resource, first_at_ms) VALUES (?, ?)');
  const drop = database.prepare('DELETE FROM sightings');
  return (resources: readonly string[], nowMs: number): ReadonlyMap<string, number> => {
    const known = new Map(
      all.all().map((row) => [String(row['resource']), Number(row['first_at_ms'])]),
    );
    const kept = new Map(resources.map((resource) => [resource, known.get(resource) ?? nowMs]));
    drop.run();
    for (const [resource, firstAtMs] of kept) add.run(resource, firstAtMs);
    return kept;
  };
}

function one<Value>(database: DatabaseSync, from: string) {
  const statement = database.prepare(`SELECT record FROM ${from}`);
  return (...parameters: SQLInputValue[]): Value | undefined => {
    const row = statement.get(...parameters);
    return row && JSON.parse(String(row['record']));
  };
}

function many<Value>(database: DatabaseSync, from: string) {
  const statement = database.prepare(`SELECT record FROM ${from}`);
  return (...parameters: SQLInputValue[]): readonly Value[] =>
    statement.all(...parameters).map((row) => JSON.parse(String(row['record'])));
}
