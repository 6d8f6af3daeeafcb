import { availableParallelism, totalmem } from 'node:os';
import type { RoomUse } from '#adapters/local/servers/server-room.ts';

const MEBIBYTE = 1024 * 1024;
const SHARE = 0.75;

/** The default memory of all model servers together (MiB): three quarters of the machine's, or of its container's. */
export function machineBudgetMiB(
  machineBytes: number = totalmem(),
  // 0, or more than the machine has, where nothing limits it.
  limitBytes: number = process.constrainedMemory(),
): number {
  const bytes = limitBytes > 0 ? Math.min(machineBytes, limitBytes) : machineBytes;
  return Math.floor((bytes * SHARE) / MEBIBYTE);
}

/** The memory that model servers may still take: the rest of their budget, and no more than the machine has free. */
export function availableMiB({ budgetMiB, usedMiB }: RoomUse): number {
  return Math.min(budgetMiB - usedMiB, process.availableMemory() / MEBIBYTE);
}

/** How many candidates start at once: a start keeps a core busy, and half of the cores are for live versions. */
export const STARTS_AT_ONCE: number = Math.max(1, Math.floor(availableParallelism() / 2));
