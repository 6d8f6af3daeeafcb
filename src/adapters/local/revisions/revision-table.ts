import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { translated } from '#adapters/local/registry/database.ts';
import { RUNTIMES } from '#domain/build/runtime.ts';
import type { Target } from '#domain/placement/target.ts';
import type { RevisionSpec, RevisionState } from '#ports/platform.ts';

/** A stored revision: its target, its spec, and its state. A retired one runs nothing until it is asked for again; an absent one has no record. */
export type RevisionRecord = {
  readonly target: Target;
  readonly spec: RevisionSpec;
  readonly state: Exclude<RevisionState, { readonly kind: 'absent' }>;
  readonly isRetired: boolean;
};

/** The revisions of all targets. */
export type RevisionTable = {
  all(): readonly RevisionRecord[];
  read(revision: string): RevisionRecord | undefined;
  put(record: RevisionRecord): void;
  delete(revision: string): void;
};

export function revisionTable(database: DatabaseSync): RevisionTable {
  database.exec(
    'CREATE TABLE IF NOT EXISTS revisions (revision TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT',
  );
  const all = database.prepare('SELECT record FROM revisions ORDER BY revision');
  const read = database.prepare('SELECT record FROM revisions WHERE revision = ?');
  const put = database.prepare('INSERT OR REPLACE INTO revisions (revision, record) VALUES (?, ?)');
  const remove = database.prepare('DELETE FROM revisions WHERE revision = ?');
  return {
    all: () => all.all().map(parsed),
    read(revision) {
      const row = read.get(revision);
      return row && parsed(row);
    },
    put: (record) => void translated(() => put.run(record.spec.revision, JSON.stringify(record))),
    delete: (revision) => void translated(() => remove.run(revision)),
  };
}

function parsed(row: Record<string, SQLOutputValue>): RevisionRecord {
  return completed(JSON.parse(String(row['record'])));
}

/** A record from before specs described their server gets its runtime's server, and answers one request after another. */
function completed(record: RevisionRecord): RevisionRecord {
  const { spec } = record;
  const server = spec.server ?? RUNTIMES[spec.runtime].server;
  return { ...record, spec: { ...spec, server, requestSlots: spec.requestSlots ?? null } };
}
