import type { DatabaseSync } from 'node:sqlite';
import * as z from 'zod/mini';
import type { Shares } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import type { Router, Verification } from '#ports/router.ts';
import { type RoutingTable, spread } from './routing-table.ts';
import { acceptShares, isSameShares, withoutZeros } from './shares.ts';

export type GatewayRouter = {
  readonly router: Router;
  /** What requests are routed by at this moment. */
  table(): RoutingTable;
};

const row = z.object({ model: z.string(), shares: z.string() });
const storedShares = z.record(z.string(), z.number());

/** The control plane is a table of the database, the data plane a map in memory: the row is written first, then the map is swapped for one that has it. */
export function gatewayRouter(database: DatabaseSync): GatewayRouter {
  const store = shareStore(database);
  let table: RoutingTable = new Map(store.all().map(([model, shares]) => [model, spread(shares)]));

  const router: Router = {
    route: (model) => `/models/${model}`,
    testPath: (revision) => `/_candidate/${revision}`,
    shares: async (model) => store.read(model),

    async setShares(model, shares, expected) {
      const wish = acceptShares(shares);
      if (!store.write(model, wish, withoutZeros(expected))) {
        throw new Failure(
          'SharesChanged',
          `${model} has the shares ${JSON.stringify(store.read(model))}, not ${JSON.stringify(expected)}`,
        );
      }
      table = new Map(table).set(model, spread(wish));
    },

    async verify(model, shares): Promise<Verification> {
      const planes = [store.read(model), table.get(model)?.shares ?? {}];
      const different = planes.find((held) => !isSameShares(held, shares));
      return different ? { kind: 'different', shares: different } : { kind: 'verified' };
    },

    async remove(model) {
      store.remove(model);
      table = new Map([...table].filter(([name]) => name !== model));
    },
  };

  return { router, table: () => table };
}

/** The table `shares`: one row for each model with a route, its shares as canonical text, so that one statement can compare and set. */
function shareStore(database: DatabaseSync) {
  database.exec(
    'CREATE TABLE IF NOT EXISTS shares (model TEXT PRIMARY KEY, shares TEXT NOT NULL) STRICT',
  );
  const select = database.prepare('SELECT model, shares FROM shares WHERE model = ?');
  const selectAll = database.prepare('SELECT model, shares FROM shares');
  const insert = database.prepare(
    'INSERT INTO shares (shares, model) VALUES (?, ?) ON CONFLICT DO NOTHING',
  );
  const update = database.prepare('UPDATE shares SET shares = ? WHERE model = ? AND shares = ?');
  const drop = database.prepare('DELETE FROM shares WHERE model = ?');

  const read = (model: string): Shares => {
    const found = select.get(model);
    return found === undefined ? {} : parse(found)[1];
  };

  return {
    read,
    all: () => selectAll.all().map(parse),
    /** True when the row now is `wish`, false when it was neither that nor `expected`. */
    write(model: string, wish: Shares, expected: Shares): boolean {
      const text = JSON.stringify(wish);
      const { changes } = isSameShares(expected, {})
        ? insert.run(text, model)
        : update.run(text, model, JSON.stringify(expected));
      return changes === 1 || isSameShares(read(model), wish);
    },
    remove: (model: string) => drop.run(model),
  };
}

function parse(found: unknown): [string, Shares] {
  const { model, shares } = row.parse(found);
  return [model, storedShares.parse(JSON.parse(shares))];
}
