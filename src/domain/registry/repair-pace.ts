import type { Model, Repairs } from '#domain/deployment.ts';
import { HOUR_MS, MINUTE_MS } from '#domain/durations.ts';

const FIRST_PAUSE_MS = MINUTE_MS;
const LONGEST_PAUSE_MS = 6 * HOUR_MS;

/** When (epoch ms) the sweep may repair a model again: exponential backoff from one minute after the first repair, doubling with each consecutive one, up to six hours. 0 when there was no repair. */
export function nextRepairMs({ repairs }: Pick<Model, 'repairs'>): number {
  return repairs ? repairs.lastAtMs + pauseMs(repairs) : 0;
}

/** The count of consecutive repairs. It resets after an hour without a repair, or after twice the due pause if that is longer. */
export function repairsInARow({ repairs }: Pick<Model, 'repairs'>, nowMs: number): number {
  if (!repairs) return 0;
  const restMs = Math.max(HOUR_MS, 2 * pauseMs(repairs));
  return nowMs - repairs.lastAtMs > restMs ? 0 : repairs.inARow;
}

/** Counts a repair that is requested now. */
export function countRepair(model: Pick<Model, 'repairs'>, nowMs: number): Repairs {
  return { inARow: repairsInARow(model, nowMs) + 1, lastAtMs: nowMs };
}

/** The sentence in a repair's event about the earlier repairs; empty for the first. */
export function repairNotice(repairs: Repairs): string {
  if (repairs.inARow === 1) return '';
  const next = new Date(nextRepairMs({ repairs })).toISOString();
  return `; repair ${repairs.inARow} in a row; the next not before ${next}`;
}

function pauseMs({ inARow }: Repairs): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (inARow - 1));
}
