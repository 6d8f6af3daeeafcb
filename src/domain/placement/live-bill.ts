import type { TargetOption } from '#domain/deployment.ts';
import { LOAD_BALANCER } from './container-options.ts';
import { type RevisionCost, requestTime, revisionCost } from './cost.ts';
import type { Question } from './demand.ts';
import { isUnnamed } from './look-again.ts';
import { knownMsOn, optionAt, tieredUse } from './optimize.ts';
import { NO_USE, type TieredUse } from './tiers.ts';
import type { UnitPrices } from './unit-prices.ts';

const MILLION = 1_000_000;
const CPU_UNITS_PER_VCPU = 1024;

/** A version as its bill sees it: the option that it took, the question of its weighing (undefined where no bill has weighed it), and the milliseconds of the request that proved it. */
export type Placed = {
  readonly taken: Omit<TargetOption, 'serving'>;
  readonly question: Question | undefined;
  readonly provedMs: number | undefined;
};

/** The bill of a version: for a million calls of `durationMs` each (`isAssumed` where nobody has measured or said that), and for a month of its traffic (USD), with the way to it and without the load balancer, which is the stack's; null where no bill is known. */
export type LiveBill = RevisionCost & {
  readonly durationMs: number;
  readonly isAssumed: boolean;
  readonly usdPerMonth: number | null;
};

/**
 * The bill of a version, wherever it is shown. `averaged` are the prices on average over what all live versions use together (`averagedOver`): so it is the version's share of AWS's bill.
 * `wishedMs` is a time of a request to be taken in place of the known one.
 */
export function liveBill(
  { taken, question, provedMs }: Placed,
  averaged: UnitPrices,
  wishedMs?: number,
): LiveBill {
  const time = requestTime(wishedMs ?? knownMsOn(taken, question, provedMs));
  const load = { requests: MILLION, durationMs: time.durationMs };
  return {
    ...time,
    ...revisionCost(taken, load, averaged),
    usdPerMonth: question ? monthOf({ ...question, prices: averaged }, taken) : null,
  };
}

/** The units that a version uses in a month of its traffic; nothing is known of one that no bill has weighed. */
export function useOf({ taken, question }: Pick<Placed, 'taken' | 'question'>): TieredUse {
  return question ? tieredUse(question, taken) : NO_USE;
}

/** Null for an instance that ECS chose. */
function monthOf(
  question: Question,
  { target, memoryMiB, cpuUnits, instanceTypes }: Placed['taken'],
): number | null {
  if (isUnnamed({ target, instanceTypes })) return null;
  const isSpot = target !== 'lambda' && question.allowsSpot;
  const size = { memoryMiB, vcpus: cpuUnits / CPU_UNITS_PER_VCPU, instanceTypes };
  const { usd, bill } = optionAt(question, { target, isSpot, ...size });
  const shared = bill.find(({ what }) => what === LOAD_BALANCER);
  return usd - (shared?.usd ?? 0);
}
