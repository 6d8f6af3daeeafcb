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
  CREATE TABLE IF NOT EXISTS object_about (
    version_id TEXT PRIMARY KEY,
    about TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS unsettled ON objects (sequence) WHERE NOT is_settled;
`;

const COLUMNS = `
  key, version_id AS versionId, is_deleted AS isDeleted, sha256, size_bytes AS sizeBytes,
  sequence, last_modified_ms AS lastModifiedMs, content, changed_ns AS changedNs,
  (SELECT owner FROM object_owners WHERE object_owners.version_id = objects.version_id) AS owner`;

const NEWEST = 'sequence = (SELECT max(sequence) FROM objects newer WHERE newer.key = objects.key)';

// One bound, at which the index begins: with two SQLite begins at either. A plus keeps a term from the index (https://sqlite.org/optoverview.html).
const FROM = 'key >= max(?1, ?2)';

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

/**
 * The part of an object's description that an S3 client sent and reads again: the entity tag without its quotes, the headers by their lower-case names, and the checksum in base64.
 * A file that was dropped in the folder has none.
 */
const about = z.object({
  etag: z.string(),
  headers: z.record(z.string(), z.string()),
  checksum: z.nullable(
    z.object({
      algorithm: z.enum(['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256']),
      value: z.string(),
      type: z.enum(['FULL_OBJECT', 'COMPOSITE']),
    }),
  ),
});

export type ObjectAbout = z.infer<typeof about>;

/** Who sent an object, where that is known, and what was said of it. */
export type Provenance = {
  readonly owner?: string | undefined;
  readonly about?: ObjectAbout | undefined;
};

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
  const describe = database.prepare('INSERT INTO object_about (version_id, about) VALUES (?, ?)');
  const undescribe = database.prepare('DELETE FROM object_about WHERE version_id = ?');
  const add = (values: Readonly<Record<string, SQLInputValue>>, from: Provenance = {}) =>
    transaction(database, () => {
      const versionId = randomUUID();
      if (from.owner !== undefined) own.run(versionId, from.owner);
      if (from.about !== undefined) describe.run(versionId, JSON.stringify(from.about));
      return row.parse(insert.get({ versionId, nowMs: clock.now(), ...values }));
    });

  return {
    add: (
      key: string,
      { sha256, sizeBytes }: WrittenObject,
      file: Fingerprint,
      from?: Provenance,
    ): ObjectVersion => add({ key, isDeleted: 0, sha256, sizeBytes, ...file }, from),
    markDeleted: (key: string): ObjectVersion =>
      add({ key, isDeleted: 1, sha256: '', sizeBytes: 0, content: '', changedNs: '' }),
    /** Forgets versions whose bytes nothing needs. */
    forget(unneeded: readonly Pick<ObjectVersion, 'versionId'>[]): void {
      transaction(database, () => {
        for (const { versionId } of unneeded) {
          forget.run(versionId);
          disown.run(versionId);
          undescribe.run(versionId);
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
  const marked = query('key = ? AND version_id = ?');
  const described = database.prepare('SELECT about FROM object_about WHERE version_id = ?');
  const newest = query('key = ? ORDER BY sequence DESC LIMIT 1');
  const below = query('key > ?1 AND substr(key, 1, length(?1)) = ?1 LIMIT 1');
  const keys = database.prepare(
    `SELECT key FROM objects WHERE ${NEWEST} AND NOT is_deleted ORDER BY key`,
  );
  return {
    find: (key: string, versionId: string) => version(key, versionId)[0],
    /** The newest version of a key; undefined when it is a delete marker. */
    latest: (key: string) => newest(key).find(({ isDeleted }) => !isDeleted),
    /** The newest version of a key, or its delete marker. */
    newestMarked: newest,
    /** Whether an object has lain in this folder, deleted or not. */
    hasFolder: (folder: string) => below(`${folder}/`)[0] !== undefined,
    /** The newest version of each key, sorted, that begins with `?1`, comes after `?2` and is not deleted. */
    list: query(
      `substr(key, 1, length(?1)) = ?1 AND key > ?2 AND ${NEWEST} AND NOT is_deleted ORDER BY key`,
    ),
    /** As `list`, at most `?3` of the keys that begin with `?1` or come after those. */
    newestFrom: query(
      `${FROM} AND +key > ?2 AND ${NEWEST} AND NOT is_deleted ORDER BY key LIMIT ?3`,
    ),
    /** At most `?4` versions and delete markers, the newest of each key first, from `?1` on, that come after the version `?3` (its sequence) of `?2`. */
    versionsFrom: query(
      `${FROM} AND (+key > ?2 OR (+key = ?2 AND sequence < ?3)) ORDER BY key, sequence DESC LIMIT ?4`,
    ),
    /** A version or a delete marker. */
    findMarked: (key: string, versionId: string) => marked(key, versionId)[0],
    /** Undefined for a file that was dropped in the folder. */
    aboutOf(versionId: string): ObjectAbout | undefined {
      const found = translated(() => described.get(versionId));
      return found && about.parse(JSON.parse(String(found['about'])));
    },
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
