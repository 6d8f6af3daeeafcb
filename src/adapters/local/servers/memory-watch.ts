import { residentMiB } from './process-usage.ts';

const PERIOD_MS = 100;

export type MemoryWatch = {
  /** Looks now, without waiting for the next turn. */
  look(): void;
  stop(): void;
};

/**
 * Calls `onOver` once, with the resident MiB, when a process holds more than `limitMiB`.
 * It looks every 100 ms, at the process and not at its children. Only Linux tells: elsewhere the limit is not enforced.
 */
export function watchMemory(
  pid: number,
  limitMiB: number,
  onOver: (usedMiB: number) => void,
): MemoryWatch {
  const timer = setInterval(look, PERIOD_MS);

  function look(): void {
    const usedMiB = residentMiB(pid) ?? 0;
    if (usedMiB <= limitMiB) return;
    clearInterval(timer);
    onOver(usedMiB);
  }

  return { look, stop: () => clearInterval(timer) };
}
