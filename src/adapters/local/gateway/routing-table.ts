import type { Shares } from '#domain/deployment.ts';

/** How one model's requests are spread: `next` names the revision of the next request, each as often as its share says. */
export type Route = { readonly shares: Shares; next(): string };

/** The route of each model. It is never changed, only replaced as a whole, so a request sees the shares before a change or after it, never half of one. */
export type RoutingTable = ReadonlyMap<string, Route>;

/** A route over `shares`, which has at least one weight above 0. */
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

/** nginx's smooth weighted round robin, one whole round of it: exact shares, and a revision's turns lie as far apart as they can. */
function interleave(shares: Shares): readonly string[] {
  const entries = Object.entries(shares).map(([revision, weight]) => ({
    revision,
    weight,
    lead: 0,
  }));
  const total = entries.reduce((sum, { weight }) => sum + weight, 0);
  return Array.from({ length: total }, () => {
    for (const entry of entries) entry.lead += entry.weight;
    const first = entries.reduce((best, entry) => (entry.lead > best.lead ? entry : best));
    first.lead -= total;
    return first.revision;
  });
}
