import { readFileSync } from 'node:fs';

const PERIOD_MS = 100;

/**
 * Calls `onOver` once, with the resident MiB, when a process holds more than `limitMiB`; answers how to stop watching.
 * It looks every 100 ms, at the process and not at its children. Only Linux tells: elsewhere the limit is not enforced.
 */
export function watchMemory(
  pid: number,
  limitMiB: number,
  onOver: (usedMiB: number) => void,
): () => void {
  const timer = setInterval(() => {
    const usedMiB = residentMiB(pid);
    if (usedMiB <= limitMiB) return;
    clearInterval(timer);
    onOver(usedMiB);
  }, PERIOD_MS);
  return () => clearInterval(timer);
}

/** 0 when the process is gone, or the system does not tell. */
function residentMiB(pid: number): number {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Math.ceil(Number(kilobytes?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}
