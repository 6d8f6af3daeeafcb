import { randomUUID } from 'node:crypto';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import * as z from 'zod/mini';
import type { Fingerprint } from '#adapters/local/files/file-state.ts';
import { transaction, translated } from '#adapters/local/registry/database.ts';
import type { Clock } from '#ports/clock.ts';
import type { WrittenObject } from './object-store.ts';

// Last modified times strictly increase, so they order the drops of one machine whatever its clock does.
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS objects (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL,
    version_id TEXT NOT NULL UNIQUE,
    is_deleted INTEGER NOT NULL,
    is_settled INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    last_modified_ms INTEGER NOT NULL,
    content TEXT NOT NULL,
    changed_ns TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS newest ON objects (key, sequence DESC);
  CREATE TABLE IF NOT EXISTS object_owners (
    version_id TEXT PRIMARY KEY,
    owner TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS unsettled ON objects (sequence) WHERE NOT is_settled;
`;

const COLUMNS = `
  key, version_id AS versionId, is_deleted AS isDeleted, sha256, size_bytes AS sizeBytes,
  sequence, last_modified_ms AS lastModifiedMs, content, changed_ns AS changedNs,
  (SELECT owner FROM object_owners WHERE object_owners.version_id = objects.version_id) AS owner`;

const NEWEST = 'sequence = (SELECT max(sequence) FROM objects newer WHERE newer.key = objects.key)';

const SEQUENCER_DIGITS = 16;

const row = z.pipe(
  z.object({
    key: z.string(),
    versionId: z.string(),
    isDeleted: z.number(),
    sha256: z.string(),
    sizeBytes: z.number(),
    sequence: z.number(),
    lastModifiedMs: z.number(),
    content: z.string(),
    changedNs: z.string(),
    // A table of its own: an older Slipway, which knows nothing of it, can go on with this registry.
    owner: z.nullable(z.string()),
  }),
  z.transform(({ sequence, isDeleted, owner, ...version }) => ({
    ...version,
    ...(owner !== null && { owner }),
    isDeleted: isDeleted === 1,
    sequencer: sequence.toString(16).padStart(SEQUENCER_DIGITS, '0'),
  })),
);

/** A version of a key, with the bucket's file as it was last seen; a delete marker is a version without bytes. */
export type ObjectVersion = z.infer<typeof row>;

export type ObjectVersions = ReturnType<typeof objectVersions>;

/** The versions of every key, in a database shared with other tables. Fails as `transaction` does. */
export function objectVersions(database: DatabaseSync, clock: Clock) {
  transaction(database, () => database.exec(SCHEMA));
  const insert = database.prepare(`
    INSERT INTO objects (key, version_id, is_deleted, is_settled, sha256, size_bytes, last_modified_ms, content, changed_ns)
    SELECT :key, :versionId, :isDeleted, :isDeleted, :sha256, :sizeBytes,
      max(:nowMs, coalesce((SELECT last_modified_ms + 1 FROM objects ORDER BY sequence DESC LIMIT 1), 0)),
      :content, :changedNs
    RETURNING ${COLUMNS}`);
  const settle = database.prepare(
    'UPDATE objects SET is_settled = TRUE WHERE key = ? AND version_id = ?',
  );

  const forget = database.prepare('DELETE FROM objects WHERE version_id = ?');
  const show = database.prepare(
    'UPDATE objects SET content = ?, changed_ns = ? WHERE version_id = ?',
  );

  const own = database.prepare('INSERT INTO object_owners (version_id, owner) VALUES (?, ?)');
  const disown = database.prepare('DELETE FROM object_owners WHERE version_id = ?');
  const add = (values: Readonly<Record<string, SQLInputValue>>, owner?: string) =>
    transaction(database, () => {
      const versionId = randomUUID();
      if (owner !== undefined) own.run(versionId, owner);
      return row.parse(insert.get({ versionId, nowMs: clock.now(), ...values }));
    });

  return {
    /** `owner` is the user whose file it is, where that is known. */
    add: (
      key: string,
      { sha256, sizeBytes }: WrittenObject,
      file: Fingerprint,
      owner?: string,
    ): ObjectVersion => add({ key, isDeleted: 0, sha256, sizeBytes, ...file }, owner),
    markDeleted: (key: string): ObjectVersion =>
      add({ key, isDeleted: 1, sha256: '', sizeBytes: 0, content: '', changedNs: '' }),
    /** Forgets versions whose bytes nothing needs. */
    forget(unneeded: readonly Pick<ObjectVersion, 'versionId'>[]): void {
      transaction(database, () => {
        for (const { versionId } of unneeded) {
          forget.run(versionId);
          disown.run(versionId);
        }
      });
    },
    /** Records the file that shows a version in the bucket, which may be another one with the same bytes. */
    shown(versionId: string, { content, changedNs }: Fingerprint): void {
      transaction(database, () => show.run(content, changedNs, versionId));
    },
    settle(key: string, versionId: string): void {
      transaction(database, () => settle.run(key, versionId));
    },
    ...reads(database),
  };
}

function reads(database: DatabaseSync) {
  const query = (where: string) => {
    const statement = database.prepare(`SELECT ${COLUMNS} FROM objects WHERE ${where}`);
    return (...parameters: SQLInputValue[]): readonly ObjectVersion[] =>
      translated(() => statement.all(...parameters).map((values) => row.parse(values)));
  };
  const version = query('key = ? AND version_id = ? AND NOT is_deleted');
  const newest = query('key = ? ORDER BY sequence DESC LIMIT 1');
  const keys = database.prepare(
    `SELECT key FROM objects WHERE ${NEWEST} AND NOT is_deleted ORDER BY key`,
  );
  return {
    find: (key: string, versionId: string) => version(key, versionId)[0],
    /** The newest version of a key; undefined when it is a delete marker. */
    latest: (key: string) => newest(key).find(({ isDeleted }) => !isDeleted),
    /** The newest version of each key, sorted, that begins with `?1`, comes after `?2` and is not deleted. */
    list: query(
      `substr(key, 1, length(?1)) = ?1 AND key > ?2 AND ${NEWEST} AND NOT is_deleted ORDER BY key`,
    ),
    /** Handled versions that are not the newest of their key. */
    followed: query(`is_settled AND NOT is_deleted AND NOT ${NEWEST}`),
    /** Every version with bytes. */
    all: query('NOT is_deleted ORDER BY sequence'),
    /** The versions that have these bytes, the newest first. */
    ofBytes: query('sha256 = ? AND NOT is_deleted ORDER BY sequence DESC'),
    keys: (): readonly string[] => translated(() => keys.all().map(({ key }) => String(key))),
    /** Versions whose event has not been handled, oldest first. */
    unsettled: query('NOT is_settled ORDER BY sequence'),
  };
}
