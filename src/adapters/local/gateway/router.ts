import type { DatabaseSync } from 'node:sqlite';
import { transaction } from '#adapters/local/registry/database.ts';
import { fence } from '#adapters/local/registry/fence.ts';
import { shareTable } from '#adapters/local/registry/share-table.ts';
import type { RevisionHost } from '#adapters/local/revisions/invocation.ts';
import type { Shares } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { acceptShares, isSameShares, refuseMixture } from '#domain/rollout/shares.ts';
import type { Router, Verification } from '#ports/router.ts';
import { ADDRESSES } from './place.ts';
import { type RoutingTable, spread } from './routing-table.ts';

export type GatewayRouter = {
  readonly router: Router;
  /** The table by which requests are currently routed. */
  table(): RoutingTable;
};

export type GatewayRouterOptions = {
  readonly database: DatabaseSync;
  readonly revisions: Pick<RevisionHost, 'placement'>;
};

/** The control plane is a database table, the data plane a map in memory: the row is written first, then the map is replaced. */
export function gatewayRouter({ database, revisions }: GatewayRouterOptions): GatewayRouter {
  const store = shareTable(database);
  const fences = fence(database);
  let table: RoutingTable = new Map(store.all().map(([model, shares]) => [model, spread(shares)]));

  const change = (model: string, desired: Shares, expected: Shares) => {
    const held = store.read(model);
    if (isSameShares(held, desired)) return;
    if (!isSameShares(held, expected)) throw sharesChanged(model, held, expected);
    refuseUnknown(desired, revisions);
    refuseMixture(desired, revisions.placement);
    store.put(model, desired);
  };

  const router: Router = {
    ...ADDRESSES,
    shares: async (model) => store.read(model),

    async setShares(model, shares, expected, epoch) {
      const desired = acceptShares(shares);
      transaction(database, () => {
        fences.pass(model, epoch);
        change(model, desired, expected);
      });
      table = new Map(table).set(model, spread(desired));
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

// As on AWS: an alias takes only versions that exist, a rule only target groups that exist.
function refuseUnknown(shares: Shares, { placement }: Pick<RevisionHost, 'placement'>): void {
  const unknown = Object.keys(shares).find((revision) => placement(revision) === undefined);
  if (unknown) throw new Failure('SharesRefused', `there is no revision ${unknown} here`);
}

function sharesChanged(model: string, held: Shares, expected: Shares): Failure {
  const [now, seen] = [held, expected].map((shares) => JSON.stringify(shares));
  return new Failure('SharesChanged', `the shares of ${model} are ${now}, not ${seen}`);
}
