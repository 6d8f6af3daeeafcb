import type { DatabaseSync } from 'node:sqlite';
import * as z from 'zod/mini';
import { translated } from '#adapters/local/registry/database.ts';
import type { Shares } from '#domain/deployment.ts';

const row = z.object({ model: z.string(), shares: z.string() });
const storedShares = z.record(z.string(), z.number());

/** The traffic shares of each model with a route. Writes must run in a transaction. */
export function shareTable(database: DatabaseSync) {
  database.exec(
    'CREATE TABLE IF NOT EXISTS shares (model TEXT PRIMARY KEY, shares TEXT NOT NULL) STRICT',
  );
  const select = database.prepare('SELECT model, shares FROM shares WHERE model = ?');
  const selectAll = database.prepare('SELECT model, shares FROM shares');
  const upsert = database.prepare('INSERT OR REPLACE INTO shares (model, shares) VALUES (?, ?)');
  const drop = database.prepare('DELETE FROM shares WHERE model = ?');

  const read = (model: string): Shares => {
    const found = translated(() => select.get(model));
    return found === undefined ? {} : parse(found)[1];
  };

  return {
    read,
    all: () => translated(() => selectAll.all()).map(parse),
    put: (model: string, shares: Shares) => void upsert.run(model, JSON.stringify(shares)),
    remove: (model: string) => void drop.run(model),
  };
}

function parse(found: unknown): [string, Shares] {
  const { model, shares } = row.parse(found);
  return [model, storedShares.parse(JSON.parse(shares))];
}
