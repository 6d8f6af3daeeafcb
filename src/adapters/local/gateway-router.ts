import type { DatabaseSync } from 'node:sqlite';
import * as z from 'zod/mini';
import type { Shares } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { acceptShares, isSameShares, refuseMixture } from '#domain/shares.ts';
import type { Router, Verification } from '#ports/router.ts';
import { transaction, translated } from './database.ts';
import { fence } from './fence.ts';
import type { RevisionHost } from './invocation.ts';
import { type RoutingTable, spread } from './routing-table.ts';

export type GatewayRouter = {
  readonly router: Router;
  /** What requests are routed by at this moment. */
  table(): RoutingTable;
};

const row = z.object({ model: z.string(), shares: z.string() });
const storedShares = z.record(z.string(), z.number());

export type GatewayRouterOptions = {
  readonly database: DatabaseSync;
  readonly revisions: Pick<RevisionHost, 'target'>;
};

/** The control plane is a table of the database, the data plane a map in memory: the row is written first, then the map is swapped for one that has it. */
export function gatewayRouter({ database, revisions }: GatewayRouterOptions): GatewayRouter {
  const store = shareStore(database);
  const fences = fence(database);
  let table: RoutingTable = new Map(store.all().map(([model, shares]) => [model, spread(shares)]));

  const change = (model: string, wish: Shares, expected: Shares) => {
    const held = store.read(model);
    if (isSameShares(held, wish)) return;
    if (!isSameShares(held, expected)) throw sharesChanged(model, held, expected);
    refuseUnknown(wish, revisions);
    refuseMixture(wish, revisions.target);
    store.put(model, wish);
  };

  const router: Router = {
    route: (model) => `/models/${model}`,
    testPath: ({ revision }) => `/_candidate/${revision}`,
    shares: async (model) => store.read(model),

    async setShares(model, shares, expected, epoch) {
      const wish = acceptShares(shares);
      transaction(database, () => {
        fences.pass(model, epoch);
        change(model, wish, expected);
      });
      table = new Map(table).set(model, spread(wish));
    },

    async verify(model, shares): Promise<Verification> {
      const planes = [store.read(model), table.get(model)?.shares ?? {}];
      const different = planes.find((held) => !isSameShares(held, shares));
      return different ? { kind: 'different', shares: different } : { kind: 'verified' };
    },

    async remove(model, epoch) {
      transaction(database, () => {
        fences.pass(model, epoch);
        store.remove(model);
      });
      table = new Map([...table].filter(([name]) => name !== model));
    },

    models: async () => store.all().map(([model]) => model),
  };

  return { router, table: () => table };
}

/** The table `shares`: one row for each model with a route. What writes runs in a transaction. */
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
    put: (model: string, shares: Shares) => void upsert.run(model, JSON.stringify(shares)),
    remove: (model: string) => void drop.run(model),
  };
}

// As AWS does: an alias takes only versions that exist, a rule only target groups that do.
function refuseUnknown(shares: Shares, { target }: Pick<RevisionHost, 'target'>): void {
  const unknown = Object.keys(shares).find((revision) => target(revision) === undefined);
  if (unknown) throw new Failure('SharesRefused', `there is no revision ${unknown} here`);
}

function sharesChanged(model: string, held: Shares, expected: Shares): Failure {
  const [now, seen] = [held, expected].map((shares) => JSON.stringify(shares));
  return new Failure('SharesChanged', `the shares of ${model} are ${now}, not ${seen}`);
}

function parse(found: unknown): [string, Shares] {
  const { model, shares } = row.parse(found);
  return [model, storedShares.parse(JSON.parse(shares))];
}
