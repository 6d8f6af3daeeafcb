import type { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { RouteRecord, RouteRecords } from '#adapters/aws/api/route-records.ts';
import type { RouteSide } from '#adapters/aws/api/route-side.ts';
import { sharesChanged } from '#adapters/aws/api/shares-changed.ts';
import { type Change, unfenced } from '#adapters/aws/registry/fenced-change.ts';
import type { Shares } from '#domain/deployment.ts';
import { isSameShares, withoutZeros } from '#domain/rollout/shares.ts';
import type { Clock } from '#ports/clock.ts';
import { type ContainerFront, groupCounter } from './container-front.ts';
import type { ListenerRule, RuleShares } from './listener-rule.ts';
import { healthyTargets, targetGroupOf } from './target-group.ts';

export type ContainerRoutesOptions = {
  readonly elb: ElasticLoadBalancingV2Client;
  readonly front: ContainerFront;
  readonly rule: ListenerRule;
  readonly records: RouteRecords;
  readonly clock: Clock;
};

// AWS does not document how long a rule takes to reach all nodes of a load balancer; observed: seconds.
const SETTLE_MS = 10_000;

/**
 * Shares are the weights of the model's rule on the load balancer, each exact.
 * A rule has no compare-and-set, so the record is written first: it admits one caller, and tells the next what may need finishing.
 */
export function containerRoutes(options: ContainerRoutesOptions): RouteSide {
  const { elb, front, rule, records } = options;

  return {
    async shares(model) {
      const record = await records.read(model);
      return record.containers ? recordedShares(record.containers, await rule.read(model)) : {};
    },

    async known(_model, revisions) {
      const found = await Promise.all(
        revisions.map(async (revision) => ({
          revision,
          isThere: (await targetGroupOf(elb, front.stage, revision)) !== undefined,
        })),
      );
      return new Set(found.filter(({ isThere }) => isThere).map(({ revision }) => revision));
    },

    async set(model, desired, expected, change) {
      await set(options, { model, desired, expected, change });
      return { kind: 'container' };
    },

    stray: (model) => stray(options, model),

    async counters(model) {
      const groups = [...((await rule.read(model))?.groups.keys() ?? [])];
      return groups.map((group) => groupCounter(front, group, 'RequestCount'));
    },

    async remove(model, change) {
      await rule.remove(model, change);
      await change(() => records.update(model, untold));
    },
  };
}

async function stray(
  { elb, rule, records, clock }: ContainerRoutesOptions,
  model: string,
): Promise<string | undefined> {
  const { containers } = await records.read(model);
  if (!containers?.isApplied) return `the rule of ${model} is being changed`;
  const groups = (await rule.read(model))?.groups.keys() ?? [];
  for (const group of groups) {
    const isServing = (await healthyTargets(elb, group)) > 0;
    if (!isServing) return `the target group ${group.split('/').at(-2)} has no healthy target`;
  }
  const openMs = containers.changedAtMs + SETTLE_MS - clock.now();
  return openMs > 0 ? `the rule of ${model} is known everywhere in ${openMs} ms` : undefined;
}

type ContainerRecord = NonNullable<RouteRecord['containers']>;

type ShareChange = {
  readonly model: string;
  readonly desired: Shares;
  readonly expected: Shares;
  readonly change: Change;
};

async function set(options: ContainerRoutesOptions, to: ShareChange): Promise<void> {
  const { rule, records, clock } = options;
  const { model, desired, expected, change } = to;
  const record = await records.read(model);
  const held = await rule.read(model);
  const isRecorded = record.containers !== null && isSameShares(record.containers.shares, desired);
  if (isRecorded && record.containers?.isApplied && isSameTraffic(held?.shares, desired)) return;
  const shares = record.containers ? recordedShares(record.containers, held) : {};
  if (!isRecorded && !isSameShares(shares, expected)) throw sharesChanged(model, shares, expected);

  const begun: ContainerRecord = { shares: desired, isApplied: false, changedAtMs: clock.now() };
  await change(() => records.write({ ...record, containers: begun }));
  await rule.write(model, desired, change);
  await finish(options, model, begun, (await rule.read(model))?.shares ?? {});
}

/** `seen` is what the rule held after it was written. */
async function finish(
  options: ContainerRoutesOptions,
  model: string,
  begun: ContainerRecord,
  seen: Shares,
): Promise<void> {
  const desired = begun.shares;
  const isHeld = isSameTraffic(seen, desired);
  if (isHeld && (await conclude(options, model, begun))) return;
  const recorded = await putRight(options, model);
  if (isHeld && isSameShares(recorded, desired)) return;
  // If the rule was as desired, another caller has recorded other shares meanwhile.
  throw sharesChanged(model, isHeld ? recorded : seen, desired);
}

/** False when the record has changed since. */
async function conclude(
  { records, clock }: ContainerRoutesOptions,
  model: string,
  begun: ContainerRecord,
): Promise<boolean> {
  let isMine = false;
  await records.update(model, (record) => {
    isMine = JSON.stringify(record.containers) === JSON.stringify(begun);
    if (!isMine) return record;
    return { ...record, containers: { ...begun, isApplied: true, changedAtMs: clock.now() } };
  });
  return isMine;
}

/** A caller may be delayed between the fence and the rule: then its change is undone, to what the record says rather than to its own desired shares. Answers that. */
async function putRight({ rule, records }: ContainerRoutesOptions, model: string): Promise<Shares> {
  const { containers } = await records.read(model);
  if (!containers) return {};
  await rule.write(model, containers.shares, unfenced);
  return containers.shares;
}

/** The recorded shares while the rule is consistent with them; else the rule's. */
function recordedShares(record: ContainerRecord, held: RuleShares | undefined): Shares {
  if (!record.isApplied || isSameTraffic(held?.shares, record.shares)) return record.shares;
  return withoutZeros(held?.shares ?? {});
}

/** Compares proportions: AWS does not promise to keep the weights themselves. */
function isSameTraffic(held: Shares = {}, desired: Shares): boolean {
  const names = new Set([...Object.keys(held), ...Object.keys(desired)]);
  return (
    [...names].every(
      (name) => (held[name] ?? 0) * sumOf(desired) === (desired[name] ?? 0) * sumOf(held),
    ) && sumOf(held) > 0
  );
}

function sumOf(shares: Shares): number {
  return Object.values(shares).reduce((sum, weight) => sum + weight, 0);
}

/** Without a rule there are no recorded shares; the rest of the record concerns the API's route. */
function untold(record: RouteRecord): RouteRecord {
  return record.containers ? { ...record, containers: null } : record;
}
