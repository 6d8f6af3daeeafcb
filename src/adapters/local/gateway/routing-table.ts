import type { Shares } from '#domain/deployment.ts';

/** How one model's requests are distributed: `next` returns the revision for the next request, in proportion to the shares. */
export type Route = { readonly shares: Shares; next(): string };

/** The route of each model. It is only replaced as a whole, so a request sees the shares before or after a change, never a mix. */
export type RoutingTable = ReadonlyMap<string, Route>;

/** A route over `shares`, at least one of which is above 0. */
export function spread(shares: Shares): Route {
  const slots = interleave(shares);
  let turn = 0;
  return {
    shares,
    next() {
      turn = (turn + 1) % slots.length;
      return slots[turn] ?? '';
    },
  };
}

/** One full round of nginx's smooth weighted round robin: exact shares, with each revision's turns spread out evenly. */
function interleave(shares: Shares): readonly string[] {
  const entries = Object.entries(shares).map(([revision, weight]) => ({
    revision,
    weight,
    currentWeight: 0,
  }));
  const total = entries.reduce((sum, { weight }) => sum + weight, 0);
  return Array.from({ length: total }, () => {
    for (const entry of entries) entry.currentWeight += entry.weight;
    const first = entries.reduce((best, entry) =>
      entry.currentWeight > best.currentWeight ? entry : best,
    );
    first.currentWeight -= total;
    return first.revision;
  });
}
