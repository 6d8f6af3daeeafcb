import type { DatabaseSync } from 'node:sqlite';
import * as z from 'zod/mini';
import type { Shares } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { acceptShares, isSameShares } from '#domain/shares.ts';
import type { Router, Verification } from '#ports/router.ts';
import { transaction, translated } from './database.ts';
import { type RoutingTable, spread } from './routing-table.ts';

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
      store.compareAndSet(model, wish, expected);
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

/** The table `shares`: one row for each model with a route. Fails as `transaction` does. */
function shareStore(database: DatabaseSync) {
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
    compareAndSet: (model: string, wish: Shares, expected: Shares) =>
      transaction(database, () => {
        const held = read(model);
        if (isSameShares(held, wish)) return;
        if (!isSameShares(held, expected)) throw sharesChanged(model, held, expected);
        upsert.run(model, JSON.stringify(wish));
      }),
    remove: (model: string) => transaction(database, () => drop.run(model)),
  };
}

function sharesChanged(model: string, held: Shares, expected: Shares): Failure {
  const [now, seen] = [held, expected].map((shares) => JSON.stringify(shares));
  return new Failure('SharesChanged', `the shares of ${model} are ${now}, not ${seen}`);
}

function parse(found: unknown): [string, Shares] {
  const { model, shares } = row.parse(found);
  return [model, storedShares.parse(JSON.parse(shares))];
}
