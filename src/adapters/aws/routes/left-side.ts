import { type RouteRecord, type RouteRecords, served } from '#adapters/aws/api/route-records.ts';
import { sharesChanged } from '#adapters/aws/api/shares-changed.ts';
import { type QuietSideOptions, unquiet } from '#adapters/aws/lambda/quiet-side.ts';
import type { Change } from '#adapters/aws/registry/fenced-change.ts';
import type { RouteSides } from '#adapters/aws/routes/route-sides.ts';
import type { Shares } from '#domain/deployment.ts';
import type { Mechanism } from '#domain/placement/target.ts';
import { isSameShares } from '#domain/rollout/shares.ts';

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
  if (record.left.some((side) => side.mechanism === mechanism)) return record;
  return { ...record, left: [...record.left, { mechanism, hasServed: false }] };
}

/** Removes each side that the route has left, once it has no client traffic any more. */
export async function clear(
  options: LeftSideOptions,
  record: RouteRecord,
  change: Change,
): Promise<void> {
  for (const side of sidesLeft(record)) {
    if ((await visitedSide(options, record, side)) !== undefined) continue;
    await options.sides[side.mechanism].remove(record.model, change);
    await change(() => options.records.update(record.model, (now) => without(now, side)));
  }
}

/** Why a side that the route has left may still have client traffic, or undefined. */
export async function visited(
  options: LeftSideOptions,
  record: RouteRecord,
): Promise<string | undefined> {
  for (const side of sidesLeft(record)) {
    const reason = await visitedSide(options, record, side);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

type Side = RouteRecord['left'][number];

async function visitedSide(
  options: LeftSideOptions,
  { model, movedAtMs }: RouteRecord,
  { mechanism, hasServed }: Side,
): Promise<string | undefined> {
  if (!hasServed) return undefined;
  return unquiet(options, await options.sides[mechanism].counters(model), movedAtMs);
}

/** One that is prepared for a move is still of use. */
function sidesLeft(record: RouteRecord): readonly Side[] {
  return record.left.filter(({ mechanism }) => mechanism !== served(record));
}

function without(record: RouteRecord, { mechanism }: Side): RouteRecord {
  return { ...record, left: record.left.filter((side) => side.mechanism !== mechanism) };
}
