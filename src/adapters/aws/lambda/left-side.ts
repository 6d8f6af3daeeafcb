import type { Change } from '#adapters/aws/registry/fenced-change.ts';
import { type RouteRecord, type RouteRecords, served } from '#adapters/aws/routes/route-records.ts';
import type { RouteSides } from '#adapters/aws/routes/route-sides.ts';
import { sharesChanged } from '#adapters/aws/routes/shares-changed.ts';
import type { Shares } from '#domain/deployment.ts';
import type { Mechanism } from '#domain/placement/target.ts';
import { isSameShares } from '#domain/rollout/shares.ts';
import { type QuietSideOptions, unquiet } from './quiet-side.ts';

export type LeftSideOptions = QuietSideOptions & {
  readonly records: RouteRecords;
  readonly sides: RouteSides;
};

type Crossing = {
  readonly model: string;
  readonly from: Mechanism;
  readonly to: Mechanism;
  readonly expected: Shares;
  readonly change: Change;
};

/** Call before creating anything on the other side: records that it may need removal. Returns the shares it holds. */
export async function prepare(
  { records, sides }: LeftSideOptions,
  { model, from, to, expected, change }: Crossing,
): Promise<Shares> {
  const told = await sides[from].shares(model);
  if (!isSameShares(told, expected)) throw sharesChanged(model, told, expected);
  const isServed = Object.keys(told).length > 0;
  if (isServed) await change(() => records.update(model, (record) => beginning(record, to)));
  return sides[to].shares(model);
}

function beginning(record: RouteRecord, mechanism: Mechanism): RouteRecord {
  if (record.left?.mechanism === mechanism) return record;
  return { ...record, left: { mechanism, hasServed: false } };
}

/** Removes the side that the route has left, once it has no client traffic any more. */
export async function clear(
  options: LeftSideOptions,
  record: RouteRecord,
  change: Change,
): Promise<void> {
  if (!isLeft(record) || (await visited(options, record)) !== undefined) return;
  await options.sides[record.left.mechanism].remove(record.model, change);
  await change(() => options.records.update(record.model, (now) => ({ ...now, left: null })));
}

/** Why the side that the route has left may still have client traffic, or undefined. */
export async function visited(
  options: LeftSideOptions,
  record: RouteRecord,
): Promise<string | undefined> {
  if (!isLeft(record) || !record.left.hasServed) return undefined;
  const counters = await options.sides[record.left.mechanism].counters(record.model);
  return unquiet(options, counters, record.movedAtMs);
}

function isLeft(
  record: RouteRecord,
): record is RouteRecord & { readonly left: NonNullable<RouteRecord['left']> } {
  return record.left !== null && record.left.mechanism !== served(record);
}
