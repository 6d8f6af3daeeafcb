import { residentMiB } from './process-usage.ts';

const PERIOD_MS = 100;

export type MemoryWatch = {
  /** Checks now, without waiting for the next interval. */
  look(): void;
  stop(): void;
};

/**
 * Calls `onOver` once, with the resident MiB, when a process holds more than `limitMiB`.
 * Checks every 100 ms, the process without its children. Works on Linux only: elsewhere the limit is not enforced.
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
