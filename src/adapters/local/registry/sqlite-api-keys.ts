import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { keyRecord } from '#adapters/local/files/key-record.ts';
import { type ApiKey, newKey } from '#domain/api-key.ts';
import type { ApiKeys } from '#ports/api-keys.ts';
import type { Clock } from '#ports/clock.ts';
import { transaction, translated } from './database.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS caller_keys (
    hash TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL,
    record TEXT NOT NULL
  ) STRICT, WITHOUT ROWID`;

export type SqliteApiKeys = ApiKeys & {
  /** As `find`, at once: the gateway asks for each request. */
  findNow(hash: string): ApiKey | undefined;
};

/** The keys by which callers on other machines call the models of this one, by their hashes. Fails as `transaction` does. */
export function sqliteApiKeys(database: DatabaseSync, clock: Pick<Clock, 'now'>): SqliteApiKeys {
  transaction(database, () => database.exec(SCHEMA));
  const add = database.prepare(
    'INSERT INTO caller_keys (hash, sequence, record) SELECT ?, coalesce(max(sequence), 0) + 1, ? FROM caller_keys',
  );
  const all = database.prepare('SELECT record FROM caller_keys ORDER BY sequence');
  const one = database.prepare('SELECT record FROM caller_keys WHERE hash = ?');
  const revoke = database.prepare("DELETE FROM caller_keys WHERE record ->> 'id' = ?");
  const read = (row: Readonly<Record<string, unknown>>) =>
    keyRecord.parse(JSON.parse(String(row['record'])));

  // A hash is looked up, not the key: how long that takes says nothing of it.
  const findNow = (hash: string) => {
    const row = translated(() => one.get(hash));
    return row && read(row);
  };

  return {
    async create(name, models, limits) {
      const about = { name, models, createdAtMs: clock.now(), ...limits };
      const made = await newKey(randomBytes(32), about);
      transaction(database, () => add.run(made.hash, JSON.stringify(made.record)));
      return { key: made.key, record: made.record };
    },
    list: async () => translated(() => all.all().map(read)),
    async revoke(id) {
      transaction(database, () => revoke.run(id));
    },
    find: async (hash) => findNow(hash),
    findNow,
  };
}
