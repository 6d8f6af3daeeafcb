import type { DatabaseSync } from 'node:sqlite';
import { translated } from '#adapters/local/registry/database.ts';
import { RUNTIMES } from '#domain/build/runtime.ts';
import type { Target } from '#domain/placement/target.ts';
import type { RevisionSpec, RevisionState } from '#ports/platform.ts';

/** A revision as it is kept: where and what it runs, and how it came out. Of one that is retired nothing runs until it is asked for again; one that is absent has no record. */
export type RevisionRecord = {
  readonly target: Target;
  readonly spec: RevisionSpec;
  readonly state: Exclude<RevisionState, { readonly kind: 'absent' }>;
  readonly isRetired: boolean;
};

/** The revisions of all targets. */
export type RevisionTable = {
  all(): readonly RevisionRecord[];
  put(record: RevisionRecord): void;
  delete(revision: string): void;
};

export function revisionTable(database: DatabaseSync): RevisionTable {
  database.exec(
    'CREATE TABLE IF NOT EXISTS revisions (revision TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT',
  );
  const all = database.prepare('SELECT record FROM revisions ORDER BY revision');
  const put = database.prepare('INSERT OR REPLACE INTO revisions (revision, record) VALUES (?, ?)');
  const remove = database.prepare('DELETE FROM revisions WHERE revision = ?');
  return {
    all: () => all.all().map((row) => completed(JSON.parse(String(row['record'])))),
    put: (record) => void translated(() => put.run(record.spec.revision, JSON.stringify(record))),
    delete: (revision) => void translated(() => remove.run(revision)),
  };
}

/** What was kept before servers had a place of their own listens where its runtime does. */
function completed(record: RevisionRecord): RevisionRecord {
  const { spec } = record;
  return { ...record, spec: { ...spec, server: spec.server ?? RUNTIMES[spec.runtime].server } };
}
